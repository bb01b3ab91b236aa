/** What an operator does with the snapshots of real servers: backups of a running cluster, new clusters, what is left. */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { Client } from '../../src/client/client.js'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { raftgram, run, sleep } from './program.js'
import { Cluster, Ledger, patienceMs, temporaryDirectory } from './rig.js'

/** So many MiB of log between two snapshots: a few hundred puts of `large`. */
const often = ['--snapshot-every-mib', '0.25']
const large = 'x'.repeat(4_000)

void t.test('a backup under load, with loss, holds what was acknowledged before, and founds a new cluster', async t => {
  const cluster = await Cluster.start(t, { serve: [...often, '--fault-loss', '0.1'] })
  await cluster.leader()
  await fill(cluster, 'before', 200)
  const ledger = new Ledger(cluster)
  await sleep(200)
  const file = join(cluster.directory, 'backup.snapshot')
  const saved = await cluster.run('snapshot', 'save', file, '--json')
  t.equal(saved.status, 0, saved.stderr)
  const { lost } = await ledger.close()
  t.strictSame(lost, [])
  const told = JSON.parse(saved.stdout) as { hash: string; bytes: number; revision: number }
  const verified = await run(t, [...raftgram, 'snapshot', 'verify', file, '--json'])
  t.match(JSON.parse(verified.stdout), { ok: true, hash: told.hash, bytes: told.bytes, revision: told.revision })
  t.ok(told.bytes > 200 * large.length, `${told.bytes} bytes`)
  t.notOk(existsSync(`${file}.tmp`))
  await cluster.killAll()

  const restored = await restoredCluster(t, file)
  const client = await Client.connect({ endpoints: restored.endpoints, timeoutMs: patienceMs })
  let found = 0
  for await (const { key, value } of client.scan('before/')) if (value === large + String(key)) found++
  t.equal(found, 200)
  await client.put('after', 'life goes on')
  await client.close()
  const taken = await restored.run('snapshot', '--json')
  const hashes = linesOf<{ hash: string; lastIncludedIndex: number }>(taken.stdout)
  t.equal(hashes.length, 3)
  t.equal(new Set(hashes.map(line => `${line.hash}@${line.lastIncludedIndex}`)).size, 1, 'equal states')
})

void t.test('who was away while the log was cut is sent a snapshot; all start again from theirs', async t => {
  const cluster = await Cluster.start(t, { serve: often })
  const leader = await cluster.leader()
  const away = cluster.ids.find(id => id !== leader)!
  await cluster.server(away).kill()
  await fill(cluster, 'cut', 300)
  t.ok(((await statusOf(cluster, leader))?.snapshotIndex ?? 0) > 0, 'the log was cut')
  await cluster.startServer(away)
  await until(async () => {
    const mine = await statusOf(cluster, away)
    return (
      mine !== undefined && mine.snapshotIndex > 0 && mine.lastApplied >= mine.commitIndex && mine.commitIndex > 250
    )
  })
  const taken = await cluster.run('snapshot', '--json')
  t.equal(new Set(linesOf<{ hash: string }>(taken.stdout).map(({ hash }) => hash)).size, 1, 'equal states')
  await cluster.killAll()
  const log = await run(t, [...raftgram, 'log', '--data', cluster.dataOf(away), '--json'])
  t.equal(log.status, 0, log.stderr)
  t.notMatch(log.stdout, /"applied":null/, 'what the snapshot holds is shown')
  for (const id of cluster.ids) await cluster.startServer(id)
  await cluster.leader()
  t.equal((await cluster.run('get', 'cut/299')).stdout.trim(), `${large}cut/299`)
})

void t.test('what is left of a cluster is recovered from two of three directories', async t => {
  const cluster = await Cluster.start(t)
  await cluster.leader()
  await fill(cluster, 'kept', 20)
  await cluster.killAll()
  const left = `${cluster.dataOf(1)},${cluster.dataOf(2)}`
  const file = join(cluster.directory, 'rescued.snapshot')
  const recover = [...raftgram, 'recover', '--data', left, '--to', file]
  const asked = await run(t, recover)
  t.equal(asked.status, 2)
  t.match(asked.stderr, /what servers 3 acknowledged .* is gone/)
  t.match(asked.stderr, /committed for certain/)
  t.match(asked.stderr, /nothing was written: if that is acceptable, say --i-accept-data-loss/)
  t.notOk(existsSync(file))
  const done = await run(t, [...recover, '--i-accept-data-loss', '--json'])
  t.equal(done.status, 0, done.stderr)
  t.match(JSON.parse(done.stdout), { ok: true, keys: 20, lost: [3] })
  const restored = await restoredCluster(t, file)
  t.equal((await restored.run('get', 'kept/19')).stdout.trim(), `${large}kept/19`)
})

void t.test('what cannot be is refused in one line, and nothing is written', async t => {
  const directory = await temporaryDirectory(t)
  const cluster = await Cluster.start(t)
  await cluster.leader()
  await fill(cluster, 'a', 3)
  const file = join(directory, 'backup.snapshot')
  t.equal((await cluster.run('snapshot', 'save', file)).status, 0)
  const list = ['--cluster', '1=127.0.0.1:1']
  const into = (data: string) => ['--data', join(directory, data), '--id', '1', ...list]
  const refused = async (status: number, message: RegExp, ...words: string[]) => {
    const ended = await cluster.run(...words)
    t.equal(ended.status, status, `${words.join(' ')}: ${ended.stderr}`)
    t.match(ended.stderr, message)
    t.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr)
  }
  const bytes = readFileSync(file)
  const damaged = join(directory, 'damaged.snapshot')
  bytes[4_200]! ^= 1
  writeFileSync(damaged, bytes)
  await refused(1, /damaged at byte 4096: chunk 0 is unreadable/, 'snapshot', 'verify', damaged)
  await refused(1, /damaged at byte 4096/, 'snapshot', 'restore', damaged, ...into('new'))
  t.notOk(existsSync(join(directory, 'new')))
  mkdirSync(join(directory, 'used'))
  writeFileSync(join(directory, 'used/mine'), '')
  await refused(2, /is not empty/, 'snapshot', 'restore', file, ...into('used'))
  await refused(
    2,
    /cannot read [^ ]*nothing: it does not exist; name the file of a backup/,
    'snapshot',
    'verify',
    join(directory, 'nothing'),
  )
  await refused(2, /exists: choose another file, or overwrite it with --force/, 'snapshot', 'save', file)
  await refused(2, /there is no directory/, 'snapshot', 'save', join(directory, 'no/where'))
  await refused(2, /snapshot save takes FILE/, 'snapshot', 'save')
  await refused(2, /did you mean save/, 'snapshot', 'sav', file)
  await refused(2, /needs --data/, 'snapshot', 'restore', file, '--id', '1', ...list)
  await refused(2, /needs --id/, 'snapshot', 'restore', file, '--data', join(directory, 'new'), ...list)
  await refused(2, /server 2 is not in the cluster list/, 'snapshot', 'restore', file, ...into('new').with(3, '2'))
  const founding = cluster.addresses.map((address, at) => `${at + 1}=${address}`).join(',')
  const mixed = ['--data', join(directory, 'new'), '--id', '1', '--cluster', founding, '--cluster-name', founding]
  await refused(2, /choose another --cluster-name/, 'snapshot', 'restore', file, ...mixed)
  t.equal((await cluster.run('snapshot', 'save', file, '--force')).status, 0)
  t.equal(statSync(file).size, bytes.length)
  await refused(3, /no server 9/, 'snapshot', '--id', '9')
  await refused(2, /in use by another process/, 'recover', '--data', cluster.dataOf(1), '--to', join(directory, 'r'))
  await cluster.killAll()
  await refused(3, /no server answered/, 'snapshot', '--timeout-ms', '300')
  await refused(3, /no server answered/, 'snapshot', 'save', join(directory, 'other'), '--timeout-ms', '300')
  cpSync(cluster.dataOf(1), join(directory, 'copy'), { recursive: true })
  const twice = `${cluster.dataOf(1)},${join(directory, 'copy')}`
  await refused(2, /are both of server 1/, 'recover', '--data', twice, '--to', join(directory, 'r'))
})

/** Three servers on other ports whose directories were made from a backup. */
async function restoredCluster(t: Test, file: string): Promise<Cluster> {
  const addresses = (await freePorts(3)).map(port => `${loopback}:${port}`)
  const list = addresses.map((address, at) => `${at + 1}=${address}`).join(',')
  const prepare = async (directories: readonly string[]) => {
    for (const [at, data] of directories.entries()) {
      const words = ['snapshot', 'restore', file, '--data', data, '--id', String(at + 1), '--cluster', list]
      const { status, stderr } = await run(t, [...raftgram, ...words])
      t.equal(status, 0, stderr)
    }
  }
  const cluster = await Cluster.start(t, { addresses, prepare })
  await cluster.leader()
  return cluster
}

async function fill(cluster: Cluster, prefix: string, count: number): Promise<void> {
  const client = await Client.connect({ endpoints: cluster.endpoints, timeoutMs: patienceMs })
  const keys = Array.from({ length: count }, (_, at) => `${prefix}/${at}`)
  for (const key of keys) await client.put(key, large + key)
  await client.close()
}

interface Progress {
  readonly id: number
  readonly snapshotIndex: number
  readonly lastApplied: number
  readonly commitIndex: number
}

async function statusOf(cluster: Cluster, id: number): Promise<Progress | undefined> {
  const reports = (await cluster.reports()) as unknown as Progress[]
  return reports.find(report => report.id === id)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error('it does not come about')
    await sleep(50)
  }
}

function linesOf<T>(text: string): T[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T)
}
