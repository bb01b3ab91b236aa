/** Raftgram under packet loss: three `raftgram serve`, and `raftgram bench put` as the client. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Figures, Place, Seen, System, Told } from './cell.js'
import { clientHost, figuresOf, lostOn, rounded, serverHosts } from './cell.js'
import { Meter } from './meter.js'

const port = 7401
const leaderMsMax = 20_000
const statusMsMax = 5_000

/** What is read of a line of `status --json`; of a server that is unreachable there is only the role. */
interface Report {
  readonly role: string
  readonly term?: number
  readonly revision?: number
  readonly peers?: readonly {
    readonly retransmissions?: number
    readonly link?: { readonly repeatedMessages: number }
  }[]
}

/** What is read of `bench put --json`. */
interface Result extends Seen {
  readonly ok: boolean
  readonly message?: string
  /** Missing from a build that did not wait. */
  readonly drainMs?: number
}

/** `script` is the built command; `serveOptions` go to each server besides. `name`: there may be two builds. */
export function raftgram(name: string, script: string, serveOptions: readonly string[]): System {
  return {
    name,
    canLose: true,
    whyNot: () => (existsSync(script) ? null : `${script} does not exist: npm run build`),
    measure: place => measure(place, script, serveOptions),
  }
}

async function measure(place: Place, script: string, serveOptions: readonly string[]): Promise<Figures> {
  const { hosts, programs, directory, lossPercent, load, begin } = place
  const addresses = serverHosts.map(host => `${hosts.addressOf(host)}:${port}`)
  const command = [process.execPath, script]
  const list = addresses.map((address, at) => `${serverHosts[at]!}=${address}`).join(',')
  const servers = serverHosts.map(host => {
    const who = ['--id', String(host), '--cluster', list, '--data', join(directory, String(host))]
    const words = [...command, 'serve', ...who, '--json', '--end-with-parent', ...serveOptions]
    return programs.start(`server ${host}`, [...hosts.on(host), ...words])
  })
  await Promise.all(servers.map(async server => checkStarted(await server.line())))

  const status = async (): Promise<readonly Report[]> => {
    const words = ['status', '--json', '--endpoints', addresses.join(','), '--timeout-ms', String(statusMsMax)]
    const lines = await programs.start('status', [...hosts.on(clientHost), ...command, ...words]).output()
    return lines.map(line => JSON.parse(line) as Report)
  }
  const deadlineMs = performance.now() + leaderMsMax
  let before = await status()
  while (!before.some(({ role }) => role === 'leader')) {
    if (performance.now() > deadlineMs) throw new Error(`no leader was elected within ${leaderMsMax / 1_000} s`)
    before = await status()
  }

  await begin()
  await hosts.lose(lossPercent)
  const client = programs.start('bench put', [...hosts.on(clientHost), ...command, ...benchWords(addresses, place)])
  const meter = Meter.of(servers, client)
  try {
    const seen = JSON.parse(await client.line()) as Result
    const rates = meter.stop(load.seconds, seen.drainMs)
    if (!seen.ok) throw new Error(`bench put failed: ${seen.message ?? 'it does not say why'}`)
    const lostPercent = await lostOn(hosts)
    const { opsPerSec, p50Ms, p99Ms, maxMs, errors } = seen
    const told = toldBy(before, await status())
    return figuresOf({ opsPerSec, p50Ms, p99Ms, maxMs, errors }, told, rates, lostPercent)
  } finally {
    meter.stop(load.seconds)
  }
}

/** The first line of a server says that it is there, or what is wrong with its options. */
function checkStarted(line: string): void {
  const { ok, message } = JSON.parse(line) as { readonly ok?: boolean; readonly message?: string }
  if (ok === false) throw new Error(`raftgram serve failed: ${message ?? line}`)
}

function benchWords(addresses: readonly string[], { load }: Place): string[] {
  return [
    ...['bench', 'put', '--json', '--endpoints', addresses.join(',')],
    ...['--concurrency', String(load.outstanding), '--value-bytes', String(load.valueBytes)],
    ...['--keys', String(load.keys), '--duration-s', String(load.seconds), '--warm-up-s', String(load.warmUpS)],
  ]
}

/**
 * What a leader said again to its peers: by itself, and by its transport, where that repairs loss. The former is counted from
 * when it was elected, so it says nothing where another led before.
 */
export function toldBy(before: readonly Report[], after: readonly Report[]): Told {
  const termOf = (reports: readonly Report[]) => Math.max(0, ...reports.map(({ term }) => term ?? 0))
  const leaderOf = (reports: readonly Report[]) => reports.find(({ role }) => role === 'leader')
  const retransmissionsOf = (report: Report | undefined) =>
    (report?.peers ?? []).reduce(
      (sum, { retransmissions, link }) => sum + (retransmissions ?? 0) + (link?.repeatedMessages ?? 0),
      0,
    )
  const elections = termOf(after) - termOf(before)
  const [first, last] = [leaderOf(before), leaderOf(after)]
  const writes = (last?.revision ?? 0) - (first?.revision ?? 0)
  const isKnown = elections === 0 && writes > 0
  return {
    elections: termOf(after) === 0 ? null : elections,
    retransmissionsPerOp: isKnown ? rounded((retransmissionsOf(last) - retransmissionsOf(first)) / writes) : null,
  }
}
