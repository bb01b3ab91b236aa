/** Machines of a simulated cluster: how their processes end and begin again, and what may end them. */
import t from 'tap'
import { segmentHeaderBytes } from '../../codec/segment.js'
import type { ClusterWatch } from '../../src/sim/cluster.js'
import { CrashError, SimCluster } from '../../src/sim/cluster.js'
import { InvariantViolation } from '../../src/sim/invariants/violation.js'
import type { SimPlan } from '../../src/sim/plan.js'
import { StorageError } from '../../src/storage/storage-error.js'
import { calmPlan } from './rig.js'

function begun(servers: number, some: Partial<SimPlan> = {}) {
  const cluster = new SimCluster(calmPlan(4, { servers, ...some }))
  const told: string[] = []
  const silent = (): void => undefined
  const watch: ClusterWatch = {
    process: (lane, what, why) => told.push(`${lane} ${what}${why === '' ? '' : `: ${why}`}`),
    disk: silent,
    invoked: silent,
    answered: silent,
    fault: silent,
  }
  cluster.watch = watch
  cluster.begin()
  cluster.runUntil(2_000)
  return { cluster, told, runFor: (ms: number) => cluster.runUntil(cluster.kernel.nowMs + ms) }
}

for (const how of ['kill', 'crash', 'stop'] as const) {
  void t.test(`${how}: the process is gone, its machine is not, and it starts again with what it promised`, t => {
    const { cluster, told, runFor } = begun(1)
    const server = cluster.server(1)
    const { persistedIndex, currentTerm } = server.node!.raft.server
    t.ok(persistedIndex > 5 && currentTerm > 0)
    const { datagrams } = cluster.network
    server[how]()
    runFor(how === 'stop' ? 300 : 0)
    t.notOk(server.isRunning)
    t.equal(server.node, null)
    t.equal(cluster.tally.of(`server: ${how}`), 1)
    const answered = cluster.load.answered
    runFor(500)
    t.ok(cluster.network.datagrams > datagrams, 'clients ask on')
    t.equal(cluster.load.answered, answered, 'and nobody answers')
    t.ok(cluster.tally.of('lost: closed') > 0)
    server.start()
    server.start()
    t.equal(server.starts, 2)
    runFor(3_000)
    t.ok(server.node!.raft.server.log.lastIndex >= persistedIndex)
    t.ok(cluster.load.answered > answered)
    t.equal(cluster.tally.of('recovery: in all'), 1)
    t.same(
      told.filter(line => line.startsWith('1 ')),
      ['1 start', `1 ${how}`, '1 start'],
    )
    t.end()
  })
}

void t.test('a kill loses nothing that was written, a crash may lose what was under way', t => {
  const differs = { kill: 0, crash: 0 }
  for (let seed = 1; seed <= 30; seed++) {
    for (const how of ['kill', 'crash'] as const) {
      const cluster = new SimCluster(calmPlan(seed, { servers: 1, diskFromMs: 5, diskToMs: 9 }))
      cluster.begin()
      cluster.runUntil(1_500)
      const files = cluster.server(1).disk.disk
      const contents = () =>
        files
          .paths()
          .map(path => Buffer.from(files.contents(path)!).toString('hex'))
          .join()
      cluster.server(1)[how]()
      const after = contents()
      files.crash()
      if (contents() !== after) differs[how]++
    }
  }
  t.ok(differs.kill > 0, 'what a killed process left in memory goes with the power')
  t.equal(differs.crash, 0)
  t.end()
})

void t.test('what is asked of a process that does not run changes nothing', t => {
  const { cluster, told, runFor } = begun(3)
  const server = cluster.server(1)
  server.kill()
  const before = told.length
  server.kill()
  server.stop()
  server.crash()
  cluster.pause(server)
  cluster.resume(server)
  server.resume()
  t.equal(told.length, before)
  t.equal(cluster.tally.of('server: crash'), 0)
  server.start()
  server.stop()
  t.notOk(server.isRunning, 'while it opens its directory, asking it to stop ends it')
  server.start()
  runFor(1_000)
  t.ok(server.isRunning)
  t.end()
})

void t.test('a server that stands still says nothing, and goes on where it was', t => {
  const { cluster, runFor } = begun(3)
  const leader = cluster.leader!
  const term = leader.node!.raft.currentTerm
  let said = 0
  cluster.network.recorders.add(from => {
    if (from === leader.id) said++
  })
  cluster.pause(leader)
  cluster.pause(leader)
  t.ok(leader.isPaused && leader.isRunning)
  runFor(2_000)
  t.equal(said, 0)
  t.not(
    cluster.servers.find(({ node }) => node!.raft.isLeader && node!.raft.currentTerm > term),
    undefined,
    'the others have chosen another',
  )
  cluster.resume(leader)
  runFor(1_000)
  t.notOk(leader.isPaused)
  t.ok(said > 0)
  t.notOk(leader.node!.raft.isLeader)
  t.ok(leader.node!.raft.currentTerm > term)
  t.end()
})

/** Ends the process of server 1 as if its storage had said so. */
function failedWith(error: Error, prepare: (cluster: SimCluster) => void = () => undefined): Error | null {
  const { cluster, runFor } = begun(3)
  prepare(cluster)
  try {
    cluster.server(1).node!.fail(error)
    runFor(100)
    return null
  } catch (thrown) {
    return thrown as Error
  }
}

void t.test('a server may end by itself when its disk fails, and for no other reason', t => {
  const io = new StorageError('io', 'failed to write')
  t.equal(
    failedWith(io, cluster => (cluster.server(1).disk.isFailing = true)),
    null,
  )
  t.match(failedWith(io), { name: 'CrashError', message: 'server 1: failed to write' })
  t.ok(failedWith(new Error('anything')) instanceof CrashError)
  const full = new StorageError('no-space', 'no space left')
  t.ok(
    failedWith(full, cluster => (cluster.server(1).disk.isFull = true)) instanceof CrashError,
    'a server that runs waits for space',
  )
  const corrupt = new StorageError('corrupt', 'damaged')
  t.ok(
    failedWith(corrupt, cluster => (cluster.server(1).isDamaged = true)) instanceof CrashError,
    'damage is found at a start',
  )
  t.equal(failedWith(new InvariantViolation('Log Matching', 'two entries'))?.name, 'InvariantViolation')
  t.end()
})

void t.test('a start may be refused for damage, if there is damage', t => {
  const damaged = (isKnown: boolean) => {
    const { cluster, runFor } = begun(3)
    const server = cluster.server(1)
    server.kill()
    server.disk.disk.overwrite('data/hard-state', 0, new Uint8Array(5_000))
    server.isDamaged = isKnown
    server.start()
    runFor(100)
    return { cluster, server }
  }
  const { cluster, server } = damaged(true)
  t.notOk(server.isRunning)
  t.ok(server.isDamaged)
  t.equal(cluster.tally.of('server: refused damaged files'), 1)
  t.throws(() => damaged(false), { name: 'CrashError', message: /server 1: .*both slots/ })
  t.end()
})

void t.test('regression_a_server_that_mended_its_damage_is_not_excused_any_more', t => {
  const { cluster, runFor } = begun(3)
  const server = cluster.server(1)
  server.kill()
  server.disk.disk.flipBit('data/hard-state', 20, 1)
  server.isDamaged = true
  server.start()
  runFor(200)
  t.ok(server.isRunning)
  t.notOk(server.isDamaged)
  server.kill()
  server.disk.disk.overwrite('data/hard-state', 0, new Uint8Array(5_000))
  server.start()
  t.throws(() => runFor(200), CrashError)
  t.end()
})

void t.test('regression_a_server_that_forgets_what_it_promised_is_found_out_even_if_it_was_damaged_once', t => {
  const { cluster, runFor } = begun(3)
  const server = cluster.server(1)
  const segment = server.disk.disk
    .paths()
    .filter(path => path.endsWith('.log'))
    .sort()
    .at(-1)!
  const bytes = server.disk.disk.contents(segment)!
  server.kill()
  server.isDamaged = true
  // A log that is whole, and too short.
  server.disk.disk.overwrite(segment, segmentHeaderBytes, new Uint8Array(bytes.length - segmentHeaderBytes))
  server.start()
  t.throws(() => runFor(200), { invariant: 'Promises Are Durable', message: /starts again without it/ })
  t.end()
})
