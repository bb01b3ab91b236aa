/** Snapshots that are taken, sent and installed while something goes wrong (SCENARIOS.md, S). */
import t from 'tap'
import { entriesBytes } from '../../src/raft/log.js'
import { snapshotPieceBytes } from '../../src/raft/types.js'
import type { TransportMessage } from '../../codec/messages.js'
import { heartbeatMs, Story, type StoryOptions } from '../support/story.js'

const snapshotEveryBytes = 20_000
const value = (i: number): string => `${i}:${'x'.repeat(1_000)}`

/** Server `away` lacks what the others' logs do not have any more; it does not run, or is cut off. */
function leftBehind(options: StoryOptions & { readonly cutOff?: boolean; readonly keys?: number } = {}) {
  const { cutOff = false, keys = 100, ...plan } = options
  const story = new Story({ segmentBytes: 32_768, snapshotEveryBytes, ...plan })
  story.put('k0', value(0))
  story.settle()
  const { leaderId } = story
  const [away, other] = story.others(leaderId) as [number, number]
  const { lastIndex } = story.raft(away).log
  if (cutOff) story.isolate(away)
  else story.process(away).kill()
  let puts = 0
  const isBehind = (): boolean => story.raft(leaderId).log.baseIndex > lastIndex
  while (!isBehind()) {
    if (story.put(`k${puts % keys}`, value(++puts)) !== 'ok') throw new Error('two of three take a put')
  }
  return { story, leaderId, away, other, lastIndex, puts }
}

/** How far a server has come; 0 while it does not run. */
function snapshotIndexOf(story: Story, id: number): number {
  return story.process(id).node?.raft.server.snapshotIndex ?? 0
}

/** What it has received of a snapshot. */
function heldBytesOf(story: Story, id: number): number {
  return story.process(id).node?.['snapshots'].status.receiving?.heldBytes ?? 0
}

/** A piece, or a part of one: pieces are larger than a datagram. */
function isPiece({ type }: TransportMessage): boolean {
  return type === 'InstallSnapshot' || type === 'Fragment'
}

void t.test('S03: power goes at each step of an installation: the server comes back, and has all', t => {
  const points = ['received header', 'received piece', 'received snapshot named', 'snapshot directory synced', 'reset']
  for (const point of points.flatMap(work => [`during ${work}`, `after ${work}`])) {
    const { story, away } = leftBehind({ seed: 3 })
    story.process(away).disk.armed = { point, skip: point.includes('directory') ? 1 : 0 }
    story.process(away).start()
    story.until(`the power goes ${point}`, () => !story.process(away).isRunning)
    story.process(away).start()
    story.settle()
    t.equal(story.put('k', 'after'), 'ok')
    story.judge()
    t.ok(snapshotIndexOf(story, away) > 0, point)
  }
  t.end()
})

void t.test('S04: pieces of an old snapshot that come late take nobody back', t => {
  const { story, away } = leftBehind({ seed: 4 })
  const mail = story.record((message, _from, to) => isPiece(message) && to === away)
  story.process(away).start()
  story.settle()
  mail.end()
  for (let i = 0; i < 40; i++) story.put('k', value(i))
  story.settle()
  const { commitIndex } = story.raft(away)
  const { lastApplied } = story.node(away).state
  t.ok(mail.count > 0)
  mail.deliver()
  story.runFor(2 * heartbeatMs)
  t.same([story.raft(away).commitIndex, story.node(away).state.lastApplied], [commitIndex, lastApplied])
  story.judge()
  t.end()
})

void t.test('S08: the receiver starts again in the middle of a transfer, and another leader goes on with it', t => {
  const { story, leaderId, away, other } = leftBehind({
    seed: 8,
    snapshotEveryBytes: 600_000,
    segmentBytes: 2 ** 20,
    keys: 500,
  })
  t.ok(story.process(leaderId).newestSnapshot!.totalBytes > 10 * snapshotPieceBytes, 'it has many pieces')
  for (const how of ['kill', 'crash'] as const) {
    story.process(away).start()
    story.until('a piece is there', () => heldBytesOf(story, away) > 0)
    story.process(away)[how]()
  }
  story.process(away).start()
  story.until('a piece is there', () => heldBytesOf(story, away) > 0)
  story.process(leaderId).kill()
  story.until('the other leads', () => story.leaderId === other)
  story.until('all of it is there', () => snapshotIndexOf(story, away) > 0)
  story.judge()
  t.end()
})

void t.test('S10: under full load the log stays for who is being sent a snapshot, and it catches up', t => {
  const load = { clients: 4, outstanding: 4, pauseMs: 4, valueBytes: 200 }
  const { story, away } = leftBehind({ seed: 10, load })
  story.beginLoad()
  story.runFor(200)
  story.process(away).start()
  const tookMs = story.until('it keeps up', () => {
    const { node } = story.process(away)
    return node !== null && node.raft.server.log.lastIndex > story.raft(story.leaderId).commitIndex - 50
  })
  t.ok(tookMs < 2_000, `${tookMs} ms`)
  for (let i = 0; i < 10; i++) {
    story.runFor(100)
    for (const id of story.ids) {
      const { log } = story.raft(id)
      const bytes = entriesBytes(log.range(log.firstIndex, log.lastIndex))
      if (bytes > 3 * snapshotEveryBytes) t.fail(`s${id} keeps ${bytes} bytes of its log`)
    }
  }
  t.ok(story.ids.every(id => snapshotIndexOf(story, id) > 0))
  story.judge()
  t.end()
})

void t.test('S11: while a snapshot is sent heartbeats go on, nobody stands, and the others commit', t => {
  const { story, away } = leftBehind({ seed: 11, snapshotEveryBytes: 600_000, segmentBytes: 2 ** 20 })
  story.told.length = 0
  const pieces = story.hold((message, _from, to) => isPiece(message) && to === away)
  story.process(away).start()
  for (let i = 0; i < 30; i++) {
    t.equal(story.put('k', value(i)), 'ok')
    story.runFor(100)
  }
  t.equal(snapshotIndexOf(story, away), 0, 'none has come')
  t.equal(story.raft(away).role.name, 'follower')
  t.same(story.told, [`s${away} start`], 'nobody is elected in 3 s')
  pieces.end()
  story.judge()
  t.end()
})

void t.test('S12: every word that the snapshot is installed is lost', t => {
  const { story, leaderId, away } = leftBehind({ seed: 12 })
  const lost = story.hold(message => message.type === 'InstallSnapshotReply' && message.persisted)
  story.process(away).start()
  story.until('it is installed', () => snapshotIndexOf(story, away) > 0)
  story.until('appends go on', () => story.raft(away).log.lastIndex === story.raft(leaderId).log.lastIndex)
  lost.end()
  story.judge()
  t.end()
})

void t.test('S13: a repeat is answered from the table that came with a snapshot, after the log is cut', t => {
  const { story, leaderId, away } = leftBehind({ seed: 13 })
  // Executed, and the client does not hear of it.
  const answers = story.hold(message => message.type === 'Answer' && message.to === 'write')
  const put = story.beginPut('once', 'first', 1)
  story.until('it is applied', () => answers.count > 0)
  const { lastApplied } = story.node(leaderId).state
  for (let i = 0; story.raft(leaderId).log.baseIndex <= lastApplied; i++) {
    story.beginPut(`k${i % 100}`, `more ${value(i)}`, 2)
    story.until('it is applied as well', () => story.node(leaderId).state.lastApplied > lastApplied + i)
    if (i > 500) throw new Error('the log is never cut')
  }
  story.process(away).start()
  story.until('the snapshot is there', () => snapshotIndexOf(story, away) > 0)
  t.ok(story.raft(away).log.baseIndex >= lastApplied, 'it never had the entry of that write')
  story.process(leaderId).kill()
  answers.end()
  story.end(put)
  t.equal(put.code, 'ok', 'the invariant Exactly Once throws if it is executed again')
  story.judge()
  t.end()
})

void t.test('S16: a leader whose snapshot has rotted sends nothing of it, and ends', t => {
  const { story, leaderId, away } = leftBehind({ seed: 16 })
  const { disk } = story.process(leaderId).disk
  const [path] = disk
    .paths()
    .filter(name => name.endsWith('.snapshot'))
    .sort()
    .reverse()
  disk.flipBit(path!, disk.contents(path!)!.length - 5, 2)
  const pieces = story.record((message, from, to) => isPiece(message) && from === leaderId && to === away)
  story.cluster.server(leaderId).isDamaged = true
  story.process(away).start()
  try {
    story.until('it ends', () => !story.process(leaderId).isRunning)
  } catch (error) {
    t.match((error as Error).message, /snapshot/, 'the simulator calls it a crash, for it was not at a start')
  }
  t.equal(pieces.count, 0)
  t.end()
})

void t.test('S19: after an installation nothing is left of what was deleted meanwhile', t => {
  const { story, leaderId, away, lastIndex } = leftBehind({
    seed: 19,
    cutOff: true,
    load: { deleteShare: 0.5, keys: 20 },
  })
  story.beginLoad()
  story.runFor(2_000)
  story.heal()
  story.until('it is installed', () => snapshotIndexOf(story, away) > lastIndex)
  story.judge()
  t.equal(story.node(away).state.sessions.stateHash, story.node(leaderId).state.sessions.stateHash)
  t.end()
})
