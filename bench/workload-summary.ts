/** What a workload came to: counts, rate, latency, and the longest time without any success. */
import { createHistogram } from 'node:perf_hooks'
import type { Operation } from './history.js'

const nsPerMs = 1e6
const nsPerSecond = 1e9

export interface Summary {
  readonly operations: number
  readonly succeeded: number
  readonly unknown: number
  readonly failed: number
  /** Those that succeeded. */
  readonly opsPerSec: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** As long as a fail-over takes, seen from outside. */
  readonly longestGapMs: number
}

export class WorkloadSummary {
  private readonly startNs: number
  private readonly latencyNs = createHistogram()
  private readonly counts = { ok: 0, unknown: 0, fail: 0 }
  private lastOkNs: number
  private longestGapNs = 0

  constructor(startNs: number) {
    this.startNs = startNs
    this.lastOkNs = startNs
  }

  get operations(): number {
    return this.counts.ok + this.counts.unknown + this.counts.fail
  }

  add({ status, start, end }: Operation): void {
    this.counts[status]++
    if (status !== 'ok' || end === undefined) return
    this.latencyNs.record(Math.max(1, end - start))
    this.longestGapNs = Math.max(this.longestGapNs, end - this.lastOkNs)
    this.lastOkNs = end
  }

  /** The time from the last success to `endNs` counts as a gap too. */
  conclude(endNs: number): Summary {
    const hasOk = this.counts.ok > 0
    const quantileMs = (percent: number) => (hasOk ? rounded(this.latencyNs.percentile(percent) / nsPerMs) : 0)
    return {
      operations: this.operations,
      succeeded: this.counts.ok,
      unknown: this.counts.unknown,
      failed: this.counts.fail,
      opsPerSec: rounded(this.counts.ok / ((endNs - this.startNs) / nsPerSecond)),
      p50Ms: quantileMs(50),
      p99Ms: quantileMs(99),
      maxMs: hasOk ? rounded(this.latencyNs.max / nsPerMs) : 0,
      longestGapMs: rounded(Math.max(this.longestGapNs, endNs - this.lastOkNs) / nsPerMs),
    }
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
