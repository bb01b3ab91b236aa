/**
 * Data directories as a server would have them after a million puts, made by the storage itself in this process: one with
 * everything in the log, one entry for each put, and one with everything in a snapshot.
 */
import { randomInt } from 'node:crypto'
import { commandsEntry } from '../../codec/commands.js'
import { Prng } from '../../src/base/prng.js'
import { RealClock } from '../../src/base/real-clock.js'
import { encodeCommand } from '../../src/kv/commands.js'
import { KvStore } from '../../src/kv/store.js'
import { clusterIdOf, parseClusterList } from '../../src/node/cluster-list.js'
import { ReplicatedState } from '../../src/node/replicated-state.js'
import { segmentBytes } from '../../src/node/server-options.js'
import type { Entry } from '../../src/raft/types.js'
import type { SessionCommand } from '../../src/session/types.js'
import { Sessions } from '../../src/session/sessions.js'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { openStorage } from '../../src/storage/open-storage.js'
import type { Storage } from '../../src/storage/storage.js'

/** Puts in one write to the log: what a busy server gathers while the disk is at work. */
const entriesPerBatch = 256

const term = 1

/** Whose directory it is. */
export interface Owner {
  readonly directory: string
  readonly id: number
  /** The cluster list. */
  readonly cluster: string
}

/** What is in it. */
export interface Shape {
  /** So many puts, each of a key of its own. */
  readonly puts: number
  readonly valueBytes: number
}

/** The index of the last entry: the first one opens the session that the puts belong to. */
export function lastIndexOf({ puts }: Shape): number {
  return puts + 1
}

/** The `number`-th key, counted from 0. */
export function keyOf(number: number): Uint8Array {
  return new TextEncoder().encode(`key-${String(number).padStart(12, '0')}`)
}

/** Makes a directory whose log has all of it. */
export async function makeLog(owner: Owner, shape: Shape): Promise<void> {
  const storage = await open(owner)
  let writeId = 0
  let persisted: () => void = () => undefined
  storage.onPersisted = id => {
    if (id === writeId) persisted()
  }
  const write = (entries: readonly Entry[]) =>
    new Promise<void>((resolve, reject) => {
      persisted = resolve
      storage.onFatal = reject
      storage.append(++writeId, entries, { currentTerm: term, commitIndex: entries.at(-1)!.index })
    })
  let batch: Entry[] = []
  for (const entry of entriesOf(shape)) {
    batch.push(entry)
    if (batch.length < entriesPerBatch && entry.index < lastIndexOf(shape)) continue
    await write(batch)
    batch = []
  }
  await close(storage)
}

/** The state after all of it, to be written as a snapshot into as many directories as are wanted. */
export class MadeState {
  private readonly state = new ReplicatedState(new Sessions(new KvStore()))
  private readonly shape: Shape

  constructor(shape: Shape) {
    this.shape = shape
    for (const entry of entriesOf(shape)) this.state.apply(entry)
  }

  /** Makes a directory with a snapshot of it, and a log without entries. */
  async makeSnapshot(owner: Owner): Promise<void> {
    const storage = await open(owner)
    const voters = parseClusterList(owner.cluster).members.map(({ id }) => id)
    const position = { lastIncludedIndex: lastIndexOf(this.shape), lastIncludedTerm: term, voters }
    await new Promise<void>((resolve, reject) => {
      storage.snapshots.take(position, this.state.sessions.snapshot(), error => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    await close(storage)
  }
}

/** Bytes that the entry of one put takes. */
export function entryBytesOf(valueBytes: number): number {
  return commandsEntry([putOf(0, new Uint8Array(valueBytes))], 1, term).recordBytes
}

function* entriesOf({ puts, valueBytes }: Shape): Generator<Entry> {
  const values = new Uint8Array(valueBytes + 4_096)
  const prng = new Prng(1)
  for (let at = 0; at < values.length; at++) values[at] = prng.below(256)
  yield commandsEntry([{ kind: 'open' }], 1, term)
  for (let put = 0; put < puts; put++) {
    const from = put % 4_096
    yield commandsEntry([putOf(put, values.subarray(from, from + valueBytes))], put + 2, term)
  }
}

function putOf(number: number, value: Uint8Array): SessionCommand {
  const command = encodeCommand({ op: 'put', key: keyOf(number), value: { type: 0, bytes: value } })
  return { kind: 'execute', sessionId: 1, sequence: number + 1, answeredUpTo: number, command }
}

async function open({ directory, id, cluster }: Owner): Promise<Storage> {
  const { text } = parseClusterList(cluster)
  const options = {
    directory,
    serverId: id,
    clusterId: clusterIdOf(text),
    clusterName: text,
    foundingCluster: text,
    segmentBytes,
    prng: new Prng(randomInt(2 ** 47)),
    clock: new RealClock(),
  }
  const storage = await new Promise<Storage>((resolve, reject) => {
    openStorage(nodeDisk, options, (error, opened) => {
      if (opened === null) reject(error ?? new Error('the directory did not open'))
      else resolve(opened.storage)
    })
  })
  await new Promise<void>(resolve => storage.saveHardState({ currentTerm: term, votedFor: id }, resolve))
  return storage
}

function close(storage: Storage): Promise<void> {
  return new Promise(resolve => storage.close(() => resolve()))
}
