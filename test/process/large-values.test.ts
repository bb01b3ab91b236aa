/** Values, compare-and-sets and pages of a scan that are larger than any datagram, over real sockets and disks. */
import t from 'tap'
import type { Test } from 'tap'
import { valueBytesMax } from '../../codec/limits.js'
import { Client } from '../../src/client/client.js'
import { raftgram, run } from './program.js'
import { Cluster, patienceMs } from './rig.js'

/** No two values are alike, nor two places of one that are a datagram apart. */
function valueOf(number: number, length = valueBytesMax): Uint8Array {
  const pattern = Uint8Array.from({ length: 4_099 }, (_, at) => at * 7 + number * 13 + (at >>> 8))
  return new Uint8Array(Buffer.alloc(length, pattern))
}

function isEqual(value: unknown, expected: Uint8Array): boolean {
  return value instanceof Uint8Array && Buffer.compare(value, expected) === 0
}

async function connect(t: Test, cluster: Cluster): Promise<Client> {
  await cluster.leader()
  const client = await Client.connect({ endpoints: cluster.endpoints, timeoutMs: patienceMs })
  t.teardown(() => client.close())
  return client
}

void t.test('B05: a value of 1 MiB is kept, through kill -9 of all, and one byte more is refused', async t => {
  const cluster = await Cluster.start(t)
  const client = await connect(t, cluster)
  const [first, second] = [valueOf(1), valueOf(2)]
  await client.put('large', first)
  t.ok(isEqual((await client.get('large'))?.value, first))
  t.match(await client.compareAndSet('large', { value: second }, first), { swapped: false })
  t.match(await client.compareAndSet('large', { value: first }, second), { swapped: true })
  t.ok(isEqual((await client.get('large'))?.value, second), 'a compare-and-set of two such values')

  const tooLarge = { code: 'value-too-large', message: new RegExp(`${valueBytesMax + 1}.*${valueBytesMax}`) }
  await t.rejects(client.put('large', new Uint8Array(valueBytesMax + 1)), tooLarge)
  await t.rejects(client.compareAndSet('large', null, new Uint8Array(valueBytesMax + 1)), tooLarge)

  await cluster.killAll()
  await Promise.all(cluster.ids.map(id => cluster.startServer(id)))
  await cluster.leader()
  t.ok(isEqual((await client.get('large'))?.value, second), 'and it is there after all were killed')
})

void t.test('a value of 1 MiB goes in by stdin and out by stdout', async t => {
  const cluster = await Cluster.start(t)
  await cluster.leader()
  const environment = { RAFTGRAM_ENDPOINTS: cluster.endpoints, RAFTGRAM_TIMEOUT_MS: String(patienceMs) }
  const shell = (script: string) => run(t, ['sh', '-c', script], environment)
  const commandLine = raftgram.join(' ')
  const zeros = (length: number) => `head -c ${length} /dev/zero`
  t.match(await shell(`${zeros(valueBytesMax)} | ${commandLine} put large -`), { status: 0 })
  const refused = await shell(`${zeros(valueBytesMax + 1)} | ${commandLine} put large - --json`)
  t.match(refused, { status: 2, stdout: /"error":"value-too-large"/ })
  const read = await shell(`${commandLine} get large | cmp - /dev/zero 2>&1 | head -c 200`)
  t.match(read.stdout, new RegExp(`EOF on - after byte ${valueBytesMax}\\b`), 'all of it, and nothing but zeros')
})

void t.test('a scan of several hundred KiB, and one of several pages, in order and whole', async t => {
  const cluster = await Cluster.start(t)
  const client = await connect(t, cluster)
  const sizes = [...Array.from({ length: 20 }, (_, i) => 15_000 + i * 1_000), valueBytesMax, 10, valueBytesMax, 300_000]
  const names = sizes.map((_, i) => `s/${String(i).padStart(2, '0')}`)
  await Promise.all(names.map((name, i) => client.put(name, valueOf(i, sizes[i]))))
  for (const [prefix, count] of [
    ['s/0', 10],
    ['s/', sizes.length],
  ] as const) {
    const keys: unknown[] = []
    for await (const { key, value } of client.scan(prefix)) {
      if (!isEqual(value, valueOf(keys.length, sizes[keys.length]))) t.fail(`${String(key)} has another value`)
      keys.push(key)
    }
    t.strictSame(keys, names.slice(0, count))
  }
})

void t.test('large values and small ones at once, over small datagrams of which a part is lost', async t => {
  const serve = ['--datagram-bytes-max', '1400', '--fault-loss', '0.05', '--fault-reorder', '0.05']
  const cluster = await Cluster.start(t, { serve })
  const client = await connect(t, cluster)
  const large = Array.from({ length: 6 }, (_, i) => i)
  const small = Array.from({ length: 200 }, (_, i) => i)
  await Promise.all([
    ...large.map(i => client.put(`large/${i}`, valueOf(i, 200_000 + i * 10_000))),
    ...small.map(i => client.put(`small/${i}`, i)),
  ])
  await cluster.server(await cluster.leader()).kill()
  const found = await Promise.all(large.map(i => client.get(`large/${i}`)))
  for (const i of large) t.ok(isEqual(found[i]?.value, valueOf(i, 200_000 + i * 10_000)), `large/${i}`)
  const numbers = await Promise.all(small.map(i => client.get(`small/${i}`)))
  t.strictSame(
    numbers.map(one => one?.value),
    small,
  )
})
