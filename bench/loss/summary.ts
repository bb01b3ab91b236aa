/**
 * What the cells come to: medians over the repeats of each cell, and ratios. A ratio is taken within one repeat, between
 * cells measured minutes apart at most, and then its median: a machine that slows down in between moves both alike.
 */
import type { Figures } from './cell.js'

/** A cell as it was measured. */
export interface Measured extends Figures {
  readonly system: string
  readonly lossPercent: number
  readonly repeat: number
}

/** Medians of one system at one loss. Null: known of none of its cells. */
export interface Row {
  readonly system: string
  readonly lossPercent: number
  readonly cells: number
  readonly opsPerSec: number
  /** Of the repeats. */
  readonly slowestOpsPerSec: number
  readonly fastestOpsPerSec: number
  /** Of this system's rate without loss. */
  readonly shareOfLossless: number | null
  /** Its rate as a multiple of another system's at the same loss. */
  readonly ratioTo: Readonly<Record<string, number>>
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of all repeats. */
  readonly maxMs: number
  /** Of all repeats together. */
  readonly errors: number
  readonly elections: number | null
  readonly retransmissionsPerOp: number | null
  readonly cpuUsPerOp: number | null
  readonly clientCpuUsPerOp: number | null
  readonly otherCpuPercent: number | null
  readonly packetsPerOp: number | null
  readonly bytesPerOp: number | null
}

/** One row per loss and system, in the order of the losses and in that in which the systems first occur. */
export function summarize(all: readonly Measured[]): Row[] {
  const systems = [...new Set(all.map(({ system }) => system))]
  const losses = [...new Set(all.map(({ lossPercent }) => lossPercent))].sort((a, b) => a - b)
  return losses.flatMap(lossPercent =>
    systems.flatMap(system => {
      const cells = all.filter(cell => cell.system === system && cell.lossPercent === lossPercent)
      return cells.length === 0 ? [] : [rowOf(cells, all, systems)]
    }),
  )
}

/** The middle one, or between the two in the middle; null of none. */
export function median(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null
  const sorted = [...numbers].sort((a, b) => a - b)
  const upper = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2
}

/** The rate of a cell as a share of its system's lossless rate in the same repeat; null where there is none. */
export function shareOfLossless(cell: Measured, all: readonly Measured[]): number | null {
  return ratio(cell, counterpart(cell, all, cell.system, 0))
}

function rowOf(cells: readonly Measured[], all: readonly Measured[], systems: readonly string[]): Row {
  const { system, lossPercent } = cells[0]!
  const medianOf = (of: (cell: Measured) => number | null) => median(cells.map(of).filter(value => value !== null))
  const rates = cells.map(({ opsPerSec }) => opsPerSec)
  const elections = cells.map(cell => cell.elections).filter(count => count !== null)
  const ratios = systems
    .filter(other => other !== system)
    .map(other => [other, medianOf(cell => ratio(cell, counterpart(cell, all, other, lossPercent)))] as const)
    .filter((entry): entry is readonly [string, number] => entry[1] !== null)
  return {
    system,
    lossPercent,
    cells: cells.length,
    opsPerSec: median(rates)!,
    slowestOpsPerSec: Math.min(...rates),
    fastestOpsPerSec: Math.max(...rates),
    shareOfLossless: medianOf(cell => shareOfLossless(cell, all)),
    ratioTo: Object.fromEntries(ratios),
    p50Ms: medianOf(cell => cell.p50Ms)!,
    p99Ms: medianOf(cell => cell.p99Ms)!,
    maxMs: Math.max(...cells.map(cell => cell.maxMs)),
    errors: cells.reduce((sum, cell) => sum + cell.errors, 0),
    elections: elections.length === 0 ? null : elections.reduce((sum, count) => sum + count, 0),
    retransmissionsPerOp: medianOf(cell => cell.retransmissionsPerOp),
    cpuUsPerOp: medianOf(cell => cell.cpuUsPerOp),
    clientCpuUsPerOp: medianOf(cell => cell.clientCpuUsPerOp),
    otherCpuPercent: medianOf(cell => cell.otherCpuPercent),
    packetsPerOp: medianOf(cell => cell.packetsPerOp),
    bytesPerOp: medianOf(cell => cell.bytesPerOp),
  }
}

/** The cell of the same repeat. */
function counterpart(
  { repeat }: Measured,
  all: readonly Measured[],
  system: string,
  lossPercent: number,
): Measured | undefined {
  return all.find(cell => cell.repeat === repeat && cell.system === system && cell.lossPercent === lossPercent)
}

function ratio(cell: Measured, other: Measured | undefined): number | null {
  return other === undefined || other.opsPerSec === 0 ? null : cell.opsPerSec / other.opsPerSec
}
