/**
 * What a load costs, as the kernel counts it, and so for every system alike: processor time of the servers and of the
 * client, what else the machine was busy with, packets and bytes that each host sent. It samples all the while, because
 * only the client knows when its measured time begins; the latest samples are those of the measured time.
 */
import { readFileSync } from 'node:fs'
import { usPerTick, usageOf } from '../server-usage.js'
import type { Program } from './programs.js'

const sampleMs = 100

/** Counters since some time before. */
export interface Counts {
  readonly serverCpuUs: number
  readonly clientCpuUs: number
  /** Of everybody on this machine, those that measure included, and what its host took for others. */
  readonly machineCpuUs: number
  /** Sent by each server, the client last; lost ones included. */
  readonly packets: readonly number[]
  /** With the headers of Ethernet, IP and UDP or TCP. */
  readonly bytes: readonly number[]
}

export interface Sample extends Counts {
  readonly atMs: number
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

  /**
   * To be asked as soon as the client has its result: what was counted per second in the last `seconds`, or in those before
   * the `drainMs` in which the client only waited for its last answers.
   */
  stop(seconds: number, drainMs = 0): Counts | null {
    clearInterval(this.timer)
    return ratesOf(this.samples, seconds, drainMs)
  }
}

/** What was counted per second in the last `seconds` of the samples but the last `drainMs`; null where there are not two. */
export function ratesOf(samples: readonly Sample[], seconds: number, drainMs = 0): Counts | null {
  const newest = samples.at(-1)
  if (newest === undefined) return null
  const last = samples.findLast(({ atMs }) => atMs <= newest.atMs - drainMs)
  if (last === undefined) return null
  const first = samples.find(({ atMs }) => atMs >= last.atMs - seconds * 1_000)
  if (first === undefined || first === last) return null
  const perSecond = (from: number, to: number) => ((to - from) * 1_000) / (last.atMs - first.atMs)
  return {
    serverCpuUs: perSecond(first.serverCpuUs, last.serverCpuUs),
    clientCpuUs: perSecond(first.clientCpuUs, last.clientCpuUs),
    machineCpuUs: perSecond(first.machineCpuUs, last.machineCpuUs),
    packets: last.packets.map((packets, host) => perSecond(first.packets[host]!, packets)),
    bytes: last.bytes.map((bytes, host) => perSecond(first.bytes[host]!, bytes)),
  }
}

/** Null where one of them has ended. */
function takeSample(servers: readonly number[], client: number): Sample | null {
  try {
    const serverUsage = usageOf(servers)
    const clientUsage = usageOf([client])
    if (serverUsage === null || clientUsage === null) return null
    const sent = [...servers, client].map(sentBy)
    return {
      atMs: performance.now(),
      serverCpuUs: serverUsage.cpuUs,
      clientCpuUs: clientUsage.cpuUs,
      machineCpuUs: machineCpuUs(),
      packets: sent.map(({ packets }) => packets),
      bytes: sent.map(({ bytes }) => bytes),
    }
  } catch {
    return null
  }
}

/** What the host of a process sent, as proc(5) says it: its network, not this process's own. */
function sentBy(pid: number): { packets: number; bytes: number } {
  const line = readFileSync(`/proc/${pid}/net/dev`, 'latin1')
    .split('\n')
    .find(each => each.trimStart().startsWith('eth0:'))
  const fields = line!.split(':')[1]!.trim().split(/\s+/)
  return { bytes: Number(fields[8]), packets: Number(fields[9]) }
}

function machineCpuUs(): number {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields
  return (user + nice + system + irq + softirq + steal) * usPerTick
}
