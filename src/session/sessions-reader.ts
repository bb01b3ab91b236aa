/**
 * Builds sessions out of a snapshot (sessions-walk.ts), chunk by chunk, and hands the machine its own to a restorer of
 * its own. What comes out is put in the place of the old state at the end, in a step that takes no time.
 */
import { assert } from '../base/assert.js'
import { addHash, hashNumber } from '../base/hash.js'
import { FrameReader, frameKinds } from './frames.js'
import type { Session } from './session.js'
import { decodeCounters, SessionsDecoder } from './session-bytes.js'
import type { Counters } from './session-bytes.js'
import type { Restorer, StateMachine } from './types.js'
import { UsageOrder } from './usage-order.js'
import { UsageSorter } from './usage-sorter.js'

export interface RestoredSessions {
  readonly counters: Counters
  /** By id, ascending. */
  readonly sessions: Map<number, Session>
  readonly order: UsageOrder
  /** Sum of the hashes of all sessions. */
  readonly hashSum: number
  readonly storedBytes: number
}

/** Hash of sessions and machine. */
export function hashState(machine = 0, lastSessionId: number, revision: number, hashSum: number): number {
  return hashNumber(machine, hashNumber(lastSessionId, hashNumber(revision, hashSum)))
}

/** The revision of the state whose snapshot begins with these bytes; null where they are no beginning of one. */
export function revisionIn(begin: Uint8Array): number | null {
  let revision: number | null = null
  let isFirst = true
  const frames = new FrameReader((kind, payload) => {
    if (isFirst && kind === frameKinds.header) revision = decodeCounters(payload).revision
    isFirst = false
  })
  try {
    frames.push(begin)
  } catch {
    return null
  }
  return revision
}

export class SessionsReader implements Restorer {
  readonly #machine: StateMachine
  readonly #machineRestorer: Restorer
  readonly #ended: (restored: RestoredSessions) => void
  readonly #frames = new FrameReader((kind, payload) => {
    this.#read(kind, payload)
  })
  readonly #decoder = new SessionsDecoder()
  readonly #sorter = new UsageSorter()
  readonly #order = new UsageOrder()
  #counters: Counters | null = null
  #hashSum = 0
  #storedBytes = 0
  #state: 'sessions' | 'machine' | 'end' = 'sessions'

  constructor(machine: StateMachine, ended: (restored: RestoredSessions) => void) {
    this.#machine = machine
    this.#machineRestorer = machine.restorer?.() ?? new Collector(machine)
    this.#ended = ended
  }

  push(chunk: Uint8Array): void {
    this.#frames.push(chunk)
  }

  #read(kind: number, payload: Uint8Array): void {
    assert(this.#state !== 'end', 'a snapshot ends with its end')
    if (this.#counters === null) {
      assert(kind === frameKinds.header, 'a snapshot begins with its header')
      this.#counters = decodeCounters(payload)
    } else if (kind === frameKinds.sessions && this.#state === 'sessions') {
      this.#decoder.decode(payload)
      this.#takeWhole()
    } else {
      if (this.#state === 'sessions') this.#endSessions()
      if (kind === frameKinds.machine) {
        this.#machineRestorer.push(payload)
      } else {
        assert(kind === frameKinds.end && payload.length === 0, 'a snapshot ends with its end')
        this.#state = 'end'
      }
    }
  }

  #takeWhole(): void {
    const whole = this.#decoder.takeWhole()
    for (const session of whole) {
      session.summedHash = session.hash
      this.#hashSum = addHash(this.#hashSum, session.summedHash)
      this.#storedBytes += session.storedBytes
    }
    this.#sorter.add(whole)
  }

  #endSessions(): void {
    this.#decoder.end()
    this.#takeWhole()
    for (const session of this.#sorter.finish()) this.#order.append(session)
    this.#state = 'machine'
  }

  end(): void {
    const counters = this.#counters
    assert(counters !== null && this.#state === 'end', 'a snapshot is whole')
    assert(this.#frames.atEnd(), 'a snapshot ends with its end')
    const machineHash = this.#machineRestorer.stateHash
    // Before anything changes, unless the machine has a hash and its restorer none.
    if (this.#machine.stateHash === undefined || machineHash !== undefined) this.#check(counters, machineHash)
    this.#machineRestorer.end()
    this.#check(counters, this.#machine.stateHash)
    this.#ended({
      counters,
      sessions: this.#decoder.sessions,
      order: this.#order,
      hashSum: this.#hashSum,
      storedBytes: this.#storedBytes,
    })
  }

  #check({ lastSessionId, revision, stateHash }: Counters, machineHash: number | undefined): void {
    const hash = hashState(machineHash, lastSessionId, revision, this.#hashSum)
    assert(hash === stateHash, 'what is restored has the hash of what was saved')
  }
}

/** For a machine that takes all chunks at once. */
class Collector implements Restorer {
  readonly #machine: StateMachine
  readonly #chunks: Uint8Array[] = []

  constructor(machine: StateMachine) {
    this.#machine = machine
  }

  push(chunk: Uint8Array): void {
    // A copy: the slice of a Buffer would be a view.
    this.#chunks.push(new Uint8Array(chunk))
  }

  end(): void {
    this.#machine.restore(this.#chunks)
  }
}
