/**
 * Sick disks under real servers: a small file system that fills up, writes that fail, writes that take seconds. The last two
 * are strace's doing, which fails or delays a call of the kernel. Where that or mounting is not possible, it is skipped.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import t from 'tap'
import { Client } from '../../src/client/client.js'
import { NoSpaceError } from '../../src/client/errors.js'
import { Program, run, sleep } from './program.js'
import type { Report } from './rig.js'
import { Cluster, Ledger, patienceMs, temporaryDirectory } from './rig.js'

const hasStrace = (await run(t, ['strace', '-V'])).status === 0

/** Small file systems of their own in memory, unmounted when the test has ended. False: mounting is refused here. */
async function mountAt(t: Test, directory: string): Promise<boolean> {
  mkdirSync(directory, { recursive: true })
  const { status } = await run(t, ['mount', '-t', 'tmpfs', '-o', 'size=40m', 'raftgram-test', directory])
  if (status === 0) t.teardown(() => run(t, ['umount', '-l', directory]))
  return status === 0
}

const canMount = await mountAt(t, join(await temporaryDirectory(t), 'mounted'))

/** Fills the file system of a directory to the last byte; returns how room is made again. */
function fill(directory: string): () => void {
  const file = join(directory, 'ballast')
  const fd = openSync(file, 'w')
  try {
    for (const bytes of [2 ** 20, 4_096]) {
      const zeros = new Uint8Array(bytes)
      try {
        while (writeSync(fd, zeros) === bytes);
      } catch {
        // Full: what is left is filled in smaller pieces.
      }
    }
  } finally {
    closeSync(fd)
  }
  return () => rmSync(file)
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`)
    await sleep(50)
  }
}

function reportWhere(cluster: Cluster, id: number, is: (report: Report) => boolean): Promise<Report> {
  return until(`the status of server ${id}`, async () => (await cluster.reports()).find(r => r.id === id && is(r)))
}

async function tableSays(cluster: Cluster, pattern: RegExp): Promise<void> {
  await until(
    `status says ${String(pattern)}`,
    async () => pattern.test((await cluster.run('status')).stdout) || undefined,
  )
}

/** Puts as many bytes as make the next segment necessary, up to a refusal; what has no answer is no matter. */
async function putMuch(cluster: Cluster): Promise<void> {
  const client = await Client.connect({ endpoints: cluster.endpoints, timeoutMs: patienceMs })
  const value = new Uint8Array(100_000)
  for (let i = 0; i < 30; i++) {
    const refusal = await client.put('much', value, { timeoutMs: 1_000 }).then(
      () => null,
      (error: unknown) => error,
    )
    if (refusal instanceof NoSpaceError) break
  }
  await client.close()
}

void t.test('F20: a full file system', { skip: canMount ? false : 'mounting is refused here' }, async t => {
  const cluster = await Cluster.start(t, {
    serve: ['--disk-reserve-mib', '4'],
    prepare: async directories => {
      for (const directory of directories) await mountAt(t, directory)
    },
  })
  const ledger = new Ledger(cluster)
  const leader = await cluster.leader()
  const makeRoom = [fill(cluster.dataOf(leader))]
  await putMuch(cluster)
  const next = await cluster.leaderOtherThan(leader)
  await reportWhere(cluster, leader, ({ disk }) => disk === 'full')
  await tableSays(cluster, new RegExp(`^${leader} .* full$`, 'm'))
  t.equal((await cluster.run('put', 'during', 'one is full')).status, 0)
  t.notOk(cluster.server(leader).hasEnded)
  t.comment(`server ${leader} led, then server ${next}`)

  for (const id of cluster.ids) if (id !== leader) makeRoom.push(fill(cluster.dataOf(id)))
  await putMuch(cluster)
  const refused = await until('a write is refused', async () => {
    const put = await cluster.run('put', 'x', 'y', '--json', '--timeout-ms', '3000')
    return put.stdout.includes('no-space') ? put : undefined
  })
  t.equal(refused.status, 3)
  t.match(JSON.parse(refused.stdout), { ok: false, error: 'no-space' })
  t.match(await cluster.run('get', 'during'), { status: 0, stdout: /one is full/ }, 'reads go on')

  for (const make of makeRoom) make()
  await until('writes are taken again', async () => {
    return (await cluster.run('put', 'after', 'there is room', '--timeout-ms', '3000')).status === 0 ? true : undefined
  })
  for (const id of cluster.ids) await reportWhere(cluster, id, ({ disk }) => disk === 'sound')
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})

/** Has strace meddle with the writes of a server. Null: it may not do that here. */
async function inject(t: Test, pid: number, fault: string, file: string): Promise<Program | null> {
  const words = ['-f', '-e', 'trace=pwrite64', '-e', `inject=pwrite64:${fault}`, '-o', file, '-p', String(pid)]
  const tracer = new Program(t, ['strace', ...words])
  while (!tracer.complaints.includes('attached')) {
    if (tracer.hasEnded) return null
    await sleep(20)
  }
  return tracer
}

void t.test('F07: writes fail with EIO', { skip: hasStrace ? false : 'strace is missing' }, async t => {
  const cluster = await Cluster.start(t)
  const ledger = new Ledger(cluster)
  const leader = await cluster.leader()
  await sleep(300)
  const broken = cluster.server(leader)
  const file = join(await temporaryDirectory(t), 'trace')
  const tracer = await inject(t, broken.pid, 'error=EIO', file)
  if (tracer === null) {
    t.pass('writes fail', { skip: 'strace may not trace here' })
    await ledger.close()
    return
  }
  const { status, stderr } = await broken.ended
  await tracer.ended
  t.equal(status, 1)
  t.match(stderr, new RegExp(`^raftgram: server ${leader} stopped: failed to write to .*: EIO.*; check the disk`, 'm'))
  const failed = readFileSync(file, 'latin1').match(/pwrite64\((\d+), .*, \d+, \d+\) = -1 EIO/g) ?? []
  t.ok(failed.length > 0, 'a write failed')
  const places = failed.map(call => call.replace(/"(?:[^"\\]|\\.)*"(\.\.\.)?/, ''))
  t.equal(new Set(places).size, places.length, 'and none was tried again')
  await cluster.leaderOtherThan(leader)
  await cluster.startServer(leader)
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})

void t.test('F12: each write takes 4 s', { skip: hasStrace ? false : 'strace is missing' }, async t => {
  const cluster = await Cluster.start(t, { serve: ['--disk-stall-ms', '400'] })
  const ledger = new Ledger(cluster)
  const leader = await cluster.leader()
  const file = join(await temporaryDirectory(t), 'trace')
  const tracer = await inject(t, cluster.server(leader).pid, 'delay_enter=4000000', file)
  if (tracer === null) {
    t.pass('writes take long', { skip: 'strace may not trace here' })
    await ledger.close()
    return
  }
  await cluster.leaderOtherThan(leader)
  t.match(await reportWhere(cluster, leader, ({ disk }) => disk === 'stalled'), { id: leader })
  await tableSays(cluster, new RegExp(`^${leader} .* stalled$`, 'm'))
  t.equal((await cluster.run('put', 'during', 'x')).status, 0)
  tracer.signal('SIGTERM')
  await tracer.ended
  await reportWhere(cluster, leader, ({ disk }) => disk === 'sound')
  t.notOk(cluster.server(leader).hasEnded)
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})
