/** A cell of the comparison: one system under one load on links that lose one share of their packets. */
import type { Hosts } from './hosts.js'
import type { Counts } from './meter.js'
import type { Programs } from './programs.js'

/** Servers are hosts 1 to 3; the load comes from this one. */
export const clientHost = 4

export const serverHosts = [1, 2, 3] as const

export interface LoadShape {
  readonly seconds: number
  readonly warmUpS: number
  /** Requests outstanding. */
  readonly outstanding: number
  readonly valueBytes: number
  readonly keys: number
}

/** Where and with what a cell is measured. */
export interface Place {
  readonly hosts: Hosts
  /** What is started here is ended by whoever made it. */
  readonly programs: Programs
  /** Empty, on a disk, removed afterwards. */
  readonly directory: string
  readonly lossPercent: number
  readonly load: LoadShape
  /** To be awaited when the servers are ready, before the load: others that are measured at the same time begin then, too. */
  readonly begin: () => Promise<void>
}

/** What the client of a system saw. */
export interface Seen {
  readonly opsPerSec: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Requests that failed. */
  readonly errors: number
}

/** What the servers say of themselves: from before the load to after it, its warm-up included. Null: not known. */
export interface Told {
  /** Terms gained. */
  readonly elections: number | null
  readonly retransmissionsPerOp: number | null
}

/** Null: the kernel did not say. */
export interface Figures extends Seen, Told {
  readonly cpuUsPerOp: number | null
  readonly clientCpuUsPerOp: number | null
  /** What the machine did meanwhile beside servers and client, in per cent of one core: distrust a figure where it is high. */
  readonly otherCpuPercent: number | null
  /** Sent by all hosts together, lost ones included. */
  readonly packetsPerOp: number | null
  /** With the headers of Ethernet, IP and UDP or TCP. */
  readonly bytesPerOp: number | null
  /** By each server, the client last. */
  readonly bytesPerOpByHost: readonly number[] | null
  /** The share of packets that were dropped where they arrived, as counted. */
  readonly lostPercent: number | null
}

/** A system that can be measured. */
export interface System {
  readonly name: string
  /** It can be measured on links that lose packets. */
  readonly canLose: boolean
  /** Why it cannot be measured here; null: it can. */
  whyNot(): string | null
  measure(place: Place): Promise<Figures>
}

/** All that is known of a cell, put together; `rates` are counts per second. */
export function figuresOf(seen: Seen, told: Told, rates: Counts | null, lostPercent: number | null): Figures {
  const { opsPerSec } = seen
  const isKnown = rates !== null && opsPerSec > 0
  const perOp = (rate: number) => rounded(rate / opsPerSec)
  const elsewhereUs = rates === null ? null : rates.machineCpuUs - rates.serverCpuUs - rates.clientCpuUs
  return {
    ...seen,
    ...told,
    cpuUsPerOp: isKnown ? perOp(rates.serverCpuUs) : null,
    clientCpuUsPerOp: isKnown ? perOp(rates.clientCpuUs) : null,
    otherCpuPercent: elsewhereUs === null ? null : Math.max(0, Math.round(elsewhereUs / 1e4)),
    packetsPerOp: isKnown ? perOp(sumOf(rates.packets)) : null,
    bytesPerOp: isKnown ? perOp(sumOf(rates.bytes)) : null,
    bytesPerOpByHost: isKnown ? rates.bytes.map(perOp) : null,
    lostPercent: lostPercent === null ? null : rounded(lostPercent),
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

/** The share that the links really lost, in per cent; null where nothing arrived. */
export async function lostOn(hosts: Hosts): Promise<number | null> {
  const { arrived, dropped } = await hosts.losses()
  return arrived === 0 ? null : (100 * dropped) / arrived
}

export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
