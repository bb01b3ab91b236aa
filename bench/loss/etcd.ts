/**
 * etcd under packet loss, with its defaults, which sync as Raftgram does: three servers, and a load by etcd's own client
 * (etcd-load.go), which is built once for all cells. Measured where it is installed; on Debian and Ubuntu that takes the
 * packages etcd-server, golang-go and golang-etcd-server-dev.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figures, Place, Seen, System } from './cell.js'
import { clientHost, figuresOf, lostOn, rounded, serverHosts } from './cell.js'
import { Meter } from './meter.js'
import type { Programs } from './programs.js'

const clientPort = 2379
const peerPort = 2380

/** Where Debian keeps the sources of Go's packages. */
const goPath = '/usr/share/gocode'

/** Go is not compiled into dist/: this is the file as it lies in bench/loss. */
const loadSource = fileURLToPath(new URL('../../../bench/loss/etcd-load.go', import.meta.url))

/** `directory` is for the load's program. */
export function etcd(directory: string): System {
  let loader: Promise<string> | null = null
  return {
    name: 'etcd',
    canLose: true,
    whyNot: whyNoEtcd,
    measure: async place => measure(place, await (loader ??= buildLoader(place.programs, directory))),
  }
}

/** As it says of itself; null where there is none. */
export function etcdVersion(): string | null {
  try {
    return /etcd Version: (\S+)/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8' }))?.[1] ?? null
  } catch {
    return null
  }
}

function whyNoEtcd(): string | null {
  if (etcdVersion() === null) return 'etcd is not installed'
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' })
  } catch {
    return 'Go, which builds its load, is not installed'
  }
  if (!existsSync(join(goPath, 'src/go.etcd.io/etcd/clientv3'))) return 'its client for Go is not installed'
  return existsSync(loadSource) ? null : `${loadSource} is missing`
}

async function buildLoader(programs: Programs, directory: string): Promise<string> {
  const built = join(directory, 'etcd-load')
  const environment = { GO111MODULE: 'off', GOPATH: goPath, GOCACHE: join(directory, 'go-cache') }
  const build = programs.start('go build', ['go', 'build', '-o', built, loadSource], environment)
  await build.ended
  if (!existsSync(built)) throw new Error(`etcd's load could not be built: ${build.complaint}`)
  return built
}

async function measure(place: Place, loader: string): Promise<Figures> {
  const { hosts, programs, directory, lossPercent, load, begin } = place
  const peers = serverHosts.map(host => `s${host}=http://${hosts.addressOf(host)}:${peerPort}`).join(',')
  const servers = serverHosts.map(host => {
    const [forClients, forPeers] = [clientPort, peerPort].map(port => `http://${hosts.addressOf(host)}:${port}`)
    const words = [
      ...['--name', `s${host}`, '--data-dir', join(directory, String(host)), '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', forClients!, '--advertise-client-urls', forClients!],
      ...['--listen-peer-urls', forPeers!, '--initial-advertise-peer-urls', forPeers!],
      ...['--initial-cluster', peers, '--initial-cluster-state', 'new', '--initial-cluster-token', 'loss'],
    ]
    return programs.start(`etcd ${host}`, [...hosts.on(host), 'etcd', ...words])
  })
  const { seconds, warmUpS, outstanding, valueBytes, keys } = load
  const words = [
    ...['-endpoints', serverHosts.map(host => `${hosts.addressOf(host)}:${clientPort}`).join(',')],
    ...['-outstanding', String(outstanding), '-value-bytes', String(valueBytes), '-keys', String(keys)],
    ...['-warm-up', String(warmUpS), '-seconds', String(seconds)],
  ]
  const client = programs.start('etcd-load', [...hosts.on(clientHost), loader, ...words])
  await client.line()
  await begin()
  await hosts.lose(lossPercent)
  client.say('start')
  const meter = Meter.of(servers, client)
  try {
    await client.line()
    const rates = meter.stop(seconds)
    const lostPercent = await lostOn(hosts)
    const seen = JSON.parse(await client.line()) as Seen & { readonly elections: number | null }
    const told = { elections: seen.elections, retransmissionsPerOp: null }
    return figuresOf({ ...seen, opsPerSec: rounded(seen.opsPerSec) }, told, rates, lostPercent)
  } finally {
    meter.stop(seconds)
  }
}
