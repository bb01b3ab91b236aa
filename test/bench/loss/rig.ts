/** Cells as if they had been measured. */
import type { Measured } from '../../../bench/loss/summary.js'

export function cellOf(
  system: string,
  lossPercent: number,
  opsPerSec: number,
  other: Partial<Measured> = {},
): Measured {
  return {
    system,
    lossPercent,
    repeat: 1,
    opsPerSec,
    p50Ms: 1,
    p99Ms: 10,
    maxMs: 100,
    errors: 0,
    elections: 0,
    retransmissionsPerOp: null,
    cpuUsPerOp: 50,
    clientCpuUsPerOp: 5,
    otherCpuPercent: 0,
    packetsPerOp: 1,
    bytesPerOp: 1_000,
    bytesPerOpByHost: [700, 10, 10, 280],
    lostPercent: lossPercent,
    ...other,
  }
}
