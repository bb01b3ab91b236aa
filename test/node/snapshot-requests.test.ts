import t from 'tap'
import type { AnswerCode, SnapshotRequest } from '../../codec/client-types.js'
import type { ToldSnapshot } from '../../src/node/snapshot-requests.js'
import { heldMax, heldMs, SnapshotRequests } from '../../src/node/snapshot-requests.js'
import type { Asked } from '../../src/node/snapshot-taker.js'
import type { SnapshotMeta } from '../../src/raft/types.js'
import type { HeldSnapshot } from '../../src/storage/held-snapshot.js'
import type { Link } from '../../src/transport/types.js'

const link = { owner: 'one' } as unknown as Link
const otherLink = { owner: 'another' } as unknown as Link

const metaOf = (lastIncludedIndex: number): SnapshotMeta => {
  return { lastIncludedIndex, lastIncludedTerm: 1, voters: [1], totalBytes: 100_000, hash: lastIncludedIndex * 7 }
}

const readOf = (lastIncludedIndex: number, offset = 0): SnapshotRequest => {
  const wish = { act: 'read', lastIncludedIndex, hash: lastIncludedIndex * 7, offset } as const
  return { type: 'SnapshotRequest', requestId: 50, ...wish }
}

/** Requests at a server whose taking and reading is the test's. */
class Rig {
  readonly asked: Asked[] = []
  readonly answers: [requestId: number, code: AnswerCode][] = []
  readonly results: Uint8Array[] = []
  readonly released: number[] = []
  readonly reads: ((error: Error | null, bytes: Uint8Array) => void)[] = []
  lastApplied = 9
  newest = 9
  nowMs = 0
  readonly requests = new SnapshotRequests({
    ask: asked => this.asked.push(asked),
    lastApplied: () => this.lastApplied,
    hold: () => this.holdNewest(),
    identity: { serverId: 2, clusterId: 3, incarnation: 4 },
    now: () => this.nowMs,
    guard: step => step(),
    answer: (_to, requestId, code, result) => {
      this.answers.push([requestId, code])
      this.results.push(result)
    },
  })

  ask(requestId: number, isHeld = false, from = link): void {
    if (this.requests.begin(from, requestId)) this.requests.take(from, requestId, isHeld)
  }

  holdAt(index: number, requestId: number): void {
    this.newest = index
    this.ask(requestId, true)
    this.tell(index)
  }

  tell(index: number | null): void {
    this.asked.shift()?.(index === null ? null : metaOf(index))
  }

  take(): string[] {
    return this.answers.splice(0).map(([requestId, code]) => `${requestId} ${code}`)
  }

  private holdNewest(): HeldSnapshot {
    const index = this.newest
    const read = (_offset: number, _length: number, got: (error: Error | null, bytes: Uint8Array) => void) =>
      this.reads.push(got)
    return { meta: metaOf(index), read, release: () => this.released.push(index) } as unknown as HeldSnapshot
  }
}

void t.test('one that is taken is told when it is there; a repeat meanwhile is told to come back', t => {
  const rig = new Rig()
  rig.ask(1)
  rig.ask(1)
  t.strictSame(rig.take(), ['1 busy'])
  rig.tell(9)
  t.strictSame(rig.take(), ['1 ok'])
  const told = JSON.parse(new TextDecoder().decode(rig.results.at(-1))) as ToldSnapshot
  t.strictSame(told, { ...metaOf(9), serverId: 2, clusterId: 3, incarnation: 4 })
  rig.ask(1)
  t.strictSame(rig.take(), ['1 ok'], 'the answer was lost')
  t.equal(rig.asked.length, 0, 'and nothing is taken again')
  rig.ask(2)
  t.equal(rig.asked.length, 1, 'another request takes another')
  t.end()
})

void t.test('one that was begun before it was asked for is not enough', t => {
  const rig = new Rig()
  rig.ask(1)
  rig.tell(8)
  t.strictSame(rig.take(), [])
  rig.tell(10)
  t.strictSame(rig.take(), ['1 ok'])
  rig.lastApplied = 20
  rig.ask(2)
  for (let tries = 0; tries < 3; tries++) rig.tell(10)
  t.strictSame(rig.take(), ['2 busy'], 'not for ever')
  t.end()
})

void t.test('where there is no room, or nothing to take, it is asked again later', t => {
  const rig = new Rig()
  rig.ask(1)
  rig.tell(null)
  t.strictSame(rig.take(), ['1 no-space'])
  rig.ask(1)
  t.equal(rig.asked.length, 1, 'it is tried anew')
  rig.lastApplied = 0
  rig.ask(2, false, otherLink)
  t.strictSame(rig.take(), ['2 busy'])
  t.end()
})

void t.test('clients that wait are few', t => {
  const rig = new Rig()
  for (let client = 1; client <= 64; client++) rig.ask(client, false, { owner: client } as unknown as Link)
  t.strictSame(rig.take(), [])
  rig.ask(65)
  t.strictSame(rig.take(), ['65 busy'])
  rig.tell(9)
  rig.take()
  rig.ask(65)
  t.strictSame(rig.take(), [], 'who was answered makes room')
  t.end()
})

void t.test('what is held is read, other snapshots are not', t => {
  const rig = new Rig()
  rig.holdAt(9, 1)
  rig.take()
  rig.requests.read(link, readOf(9))
  rig.reads.shift()?.(null, new Uint8Array([1, 2]))
  t.strictSame(rig.results.at(-1), new Uint8Array([1, 2]))
  t.strictSame(rig.take(), ['50 ok'])
  rig.requests.read(link, readOf(10))
  rig.requests.read(link, { ...readOf(9), hash: 1 })
  rig.requests.read(link, readOf(9, 100_000))
  t.strictSame(rig.take(), ['50 no-snapshot', '50 no-snapshot', '50 bad-request'])
  rig.requests.read(link, readOf(9))
  rig.reads.shift()?.(new Error('damaged'), new Uint8Array(0))
  t.strictSame(rig.take(), ['50 no-snapshot'], 'damage is not sent')
  for (let read = 0; read < 65; read++) rig.requests.read(link, readOf(9))
  t.strictSame(rig.take(), ['50 busy'], 'so many pieces at once')
  t.end()
})

void t.test('it is held while it is read, and not for ever', t => {
  const rig = new Rig()
  rig.holdAt(9, 1)
  rig.nowMs = heldMs - 1
  rig.requests.read(link, readOf(9))
  rig.nowMs = heldMs
  rig.requests.releaseOld()
  t.strictSame(rig.released, [], 'it was read a moment ago')
  rig.nowMs = 2 * heldMs - 1
  rig.requests.releaseOld()
  t.strictSame(rig.released, [9])
  rig.take()
  rig.requests.read(link, readOf(9))
  t.strictSame(rig.take(), ['50 no-snapshot'])
  t.end()
})

void t.test('few are held at once, each of them once: whoever was silent for longest makes room', t => {
  const rig = new Rig()
  for (let index = 10; index < 10 + heldMax; index++) {
    rig.nowMs++
    rig.holdAt(index, index)
  }
  rig.holdAt(10, 100)
  t.strictSame(rig.released, [10], 'one is held, the other holder of the same let go')
  rig.nowMs++
  rig.holdAt(50, 101)
  t.strictSame(rig.released, [10, 11])
  t.end()
})
