/** Servers that lose their disk, or a part of it, and are filled from the others with --repair. */
import { closeSync, openSync, readSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sleep } from './program.js'
import { Cluster, Ledger, patienceMs } from './rig.js'

async function waitFor(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`)
    await sleep(20)
  }
}

async function roleOf(cluster: Cluster, id: number): Promise<string | undefined> {
  return (await cluster.reports()).find(report => report.id === id)?.role
}

void t.test('M14: a server whose directory is gone is filled, and then counts as much as any other', async t => {
  const cluster = await Cluster.start(t)
  const ledger = new Ledger(cluster)
  const leader = await cluster.leader()
  await sleep(500)
  const wiped = cluster.ids.find(id => id !== leader)!
  const other = cluster.ids.find(id => id !== leader && id !== wiped)!
  await cluster.server(wiped).kill()
  rmSync(cluster.dataOf(wiped), { recursive: true })

  // Alone it must wait: it is not admitted before both others are there.
  await cluster.server(other).kill()
  await cluster.startServer(wiped, '--repair')
  await waitFor('it says that it recovers', async () => (await roleOf(cluster, wiped)) === 'recovering')
  await cluster.startServer(other)
  await waitFor('it is admitted', async () => ['follower', 'leader'].includes((await roleOf(cluster, wiped)) ?? ''))

  await cluster.server(other).kill()
  t.equal((await cluster.run('put', 'with', 'the repaired one')).status, 0, 'with it the cluster goes on')
  await cluster.startServer(other)
  await cluster.server(await cluster.leader()).kill()
  const { acknowledged, lost } = await ledger.close()
  t.ok(acknowledged > 0)
  t.same(lost, [], 'nothing that was acknowledged is lost')
})

void t.test('a flipped byte in the log: refused without --repair, kept aside and filled with it', async t => {
  const cluster = await Cluster.start(t)
  const ledger = new Ledger(cluster)
  const leader = await cluster.leader()
  await sleep(500)
  const id = cluster.ids.find(other => other !== leader)!
  await cluster.server(id).kill()
  const log = join(cluster.dataOf(id), 'log')
  const file = join(log, readdirSync(log).sort()[0]!)
  const fd = openSync(file, 'r+')
  const byte = new Uint8Array(1)
  readSync(fd, byte, 0, 1, 700)
  byte[0]! ^= 0xff
  writeSync(fd, byte, 0, 1, 700)
  closeSync(fd)

  const refused = await cluster.launch(id).ended
  t.equal(refused.status, 1)
  t.match(refused.stdout + refused.stderr, /log\/.* is damaged at byte \d+: .*--repair/)
  await cluster.startServer(id, '--repair')
  const aside = readdirSync(cluster.directory).filter(name => name.startsWith(`${id}.damaged-`))
  t.equal(aside.length, 1, 'the damaged directory is kept')
  await waitFor('it is admitted', async () => (await roleOf(cluster, id)) === 'follower')
  await cluster.server(id).kill()
  await cluster.startServer(id, '--repair')
  t.equal(readdirSync(cluster.directory).filter(name => name.startsWith(`${id}.damaged-`)).length, 1)
  await waitFor('a sound directory is left alone', async () => (await roleOf(cluster, id)) === 'follower')
  const { lost } = await ledger.close()
  t.same(lost, [])
})
