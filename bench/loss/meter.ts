/**
 * What a load costs, as the kernel counts it, and so for every system alike: processor time of the servers and of the
 * client, packets and bytes that the hosts sent. It samples all the while, because only the client knows when its measured
 * time begins; the latest samples are those of the measured time.
 */
import { readFileSync } from 'node:fs'
import { usageOf } from '../server-usage.js'
import type { Program } from './programs.js'

const sampleMs = 100

export interface Sample {
  readonly atMs: number
  readonly serverCpuUs: number
  readonly clientCpuUs: number
  readonly packets: number
  readonly bytes: number
}

/** Per second. */
export interface Rates {
  readonly serverCpuUs: number
  readonly clientCpuUs: number
  readonly packets: number
  readonly bytes: number
}

export class Meter {
  private readonly samples: Sample[] = []
  private readonly timer: NodeJS.Timeout

  /** Of process ids, each on a host of its own. */
  private constructor(servers: readonly number[], client: number) {
    const take = () => {
      const sample = takeSample(servers, client)
      if (sample !== null) this.samples.push(sample)
    }
    take()
    this.timer = setInterval(take, sampleMs)
  }

  /** Of programs that run. */
  static of(servers: readonly Program[], client: Program): Meter {
    return new Meter(
      servers.map(({ pid }) => pid),
      client.pid,
    )
  }

  /** To be asked as soon as the client has its result: the rates of the last `seconds`. */
  stop(seconds: number): Rates | null {
    clearInterval(this.timer)
    return ratesOf(this.samples, seconds)
  }
}

/** The rates over the last `seconds` of the samples; null where there are not two. */
export function ratesOf(samples: readonly Sample[], seconds: number): Rates | null {
  const last = samples.at(-1)
  if (last === undefined) return null
  const first = samples.find(({ atMs }) => atMs >= last.atMs - seconds * 1_000)
  if (first === undefined || first === last) return null
  const perSecond = (of: (sample: Sample) => number) => ((of(last) - of(first)) * 1_000) / (last.atMs - first.atMs)
  return {
    serverCpuUs: perSecond(({ serverCpuUs }) => serverCpuUs),
    clientCpuUs: perSecond(({ clientCpuUs }) => clientCpuUs),
    packets: perSecond(({ packets }) => packets),
    bytes: perSecond(({ bytes }) => bytes),
  }
}

/** Null where one of them has ended. */
function takeSample(servers: readonly number[], client: number): Sample | null {
  const serverUsage = usageOf(servers)
  const clientUsage = usageOf([client])
  if (serverUsage === null || clientUsage === null) return null
  let [packets, bytes] = [0, 0]
  for (const pid of [...servers, client]) {
    const sent = sentBy(pid)
    if (sent === null) return null
    packets += sent.packets
    bytes += sent.bytes
  }
  const atMs = performance.now()
  return { atMs, serverCpuUs: serverUsage.cpuUs, clientCpuUs: clientUsage.cpuUs, packets, bytes }
}

/** What the host of a process sent, as proc(5) says it: its network, not this process's own. */
function sentBy(pid: number): { packets: number; bytes: number } | null {
  try {
    const line = readFileSync(`/proc/${pid}/net/dev`, 'latin1')
      .split('\n')
      .find(each => each.trimStart().startsWith('eth0:'))
    const fields = line?.split(':')[1]?.trim().split(/\s+/)
    return fields === undefined ? null : { bytes: Number(fields[8]), packets: Number(fields[9]) }
  } catch {
    return null
  }
}
