/** A server's log is on the disk before it says so, and its term and vote before it asks for a vote or gives one. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { decodeBatch } from '../../codec/batch.js'
import { decodeHardStateSlot } from '../../codec/hard-state.js'
import { Program, run, sleep } from './program.js'
import { Cluster, temporaryDirectory } from './rig.js'
import type { Happening } from './trace.js'
import { readTrace, threadsOf, tracer } from './trace.js'

/** Of fcntl.h: a write comes back when its data is on the disk. */
const O_DSYNC = 0o10_000

const hasStrace = (await run(t, ['strace', '-V'])).status === 0

void t.test('nothing is said before it is durable', { skip: hasStrace ? false : 'strace is missing' }, async t => {
  const cluster = await Cluster.start(t)
  const leader = await cluster.leader()
  t.equal((await cluster.run('put', 'first', 'x')).status, 0)
  // What was begun before the trace is not judged: it has ended by then.
  await sleep(500)
  const file = join(await temporaryDirectory(t), 'trace')
  const processes = new Map(cluster.ids.map(id => [id, cluster.server(id).pid]))
  const trace = new Program(t, [...tracer, '-o', file, ...[...processes.values()].flatMap(pid => ['-p', String(pid)])])
  while (trace.complaints.split('attached').length <= processes.size) {
    if (trace.hasEnded) {
      t.pass('servers are traced', { skip: `strace may not trace here: ${trace.complaints}` })
      return
    }
    await sleep(20)
  }

  for (const key of ['a', 'b', 'c']) t.equal((await cluster.run('put', key, key)).status, 0)
  const threads = threadsOf(processes)
  for (const pid of processes.values()) checkFiles(t, pid)
  await cluster.server(leader).kill()
  await cluster.leaderOtherThan(leader)
  t.equal((await cluster.run('put', 'd', 'd')).status, 0)
  await cluster.killAll()
  await trace.ended

  const { acknowledgements, answers, votes } = judge(readTrace(file, threads))
  t.ok(acknowledgements >= 3, 'followers acknowledged what they wrote')
  t.ok(answers >= 4, 'clients were answered')
  t.ok(votes >= 2, 'one asked for votes, another one voted')
})

/** What a server has on its disk, as far as the trace shows. */
interface Durable {
  /** The highest index; null before the trace showed any. */
  lastIndex: number | null
  /** Slots of the hard state, by term. */
  readonly slots: Map<number, number>
}

/** Throws at the first message that promises what is not durable. Returns how many promises were kept. */
function judge(happenings: readonly Happening[]): { acknowledgements: number; answers: number; votes: number } {
  const kept = { acknowledgements: 0, answers: 0, votes: 0 }
  const disks = new Map<number, Durable>()
  let lastProposed = 0
  for (const happening of happenings) {
    const { server } = happening
    const disk = disks.get(server) ?? { lastIndex: null, slots: new Map<number, number>() }
    disks.set(server, disk)
    if ('written' in happening) {
      note(disk, happening.written)
      continue
    }
    const { sent } = happening
    if (sent.type === 'AppendEntries') {
      lastProposed = Math.max(lastProposed, sent.entries.at(-1)?.index ?? 0)
    } else if (sent.type === 'AppendEntriesReply') {
      // The first reply tells what was there before the trace began.
      disk.lastIndex ??= sent.matchIndex
      if (sent.matchIndex > disk.lastIndex) {
        throw new Error(`server ${server} acknowledged ${sent.matchIndex}, but ${disk.lastIndex} is its last on disk`)
      }
      if (sent.matchIndex === lastProposed) kept.acknowledgements++
    } else if (sent.type === 'Answer' && sent.to === 'write') {
      // One client asks one thing after the other: what is answered is what was proposed last.
      const holders = [...disks.values()].filter(({ lastIndex }) => lastIndex !== null && lastIndex >= lastProposed)
      if (holders.length < 2) throw new Error(`server ${server} answered before a majority had ${lastProposed} on disk`)
      kept.answers++
    } else if (asksOrGivesVote(sent)) {
      const slots = disk.slots.get(sent.campaignTerm) ?? 0
      if (slots < 2) throw new Error(`server ${server} sent a ${sent.type} after ${slots} slots of its hard state`)
      kept.votes++
    }
  }
  return kept
}

type Sent = Extract<Happening, { sent: unknown }>['sent']

function asksOrGivesVote(sent: Sent): sent is Extract<Sent, { type: 'RequestVote' | 'RequestVoteReply' }> {
  if (sent.type === 'RequestVote') return !sent.preVote
  return sent.type === 'RequestVoteReply' && sent.granted && !sent.preVote
}

function note(disk: Durable, written: Uint8Array): void {
  const run = decodeBatch(written)?.runs.at(-1)
  if (run !== undefined) disk.lastIndex = Math.max(disk.lastIndex ?? 0, run.firstIndex + run.length - 1)
  const slot = decodeHardStateSlot(written, 0)
  if (slot === null || slot.hardState.votedFor === 0) return
  const { currentTerm } = slot.hardState
  disk.slots.set(currentTerm, (disk.slots.get(currentTerm) ?? 0) + 1)
}

/** A write that has come back is durable only in a file that was opened so. */
function checkFiles(t: { ok: (is: boolean, name: string) => boolean }, pid: number): void {
  const files = readdirSync(`/proc/${pid}/fd`).map(fd => ({ fd, path: readlinkSync(`/proc/${pid}/fd/${fd}`) }))
  const written = files.filter(({ path }) => /\.log$|hard-state$/.test(path))
  t.ok(written.length >= 2, 'the log and the hard state are open')
  for (const { fd, path } of written) {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0'
    t.ok((parseInt(flags, 8) & O_DSYNC) !== 0, `${path} is open with O_DSYNC`)
  }
}
