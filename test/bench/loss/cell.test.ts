import t from 'tap'
import { figuresOf } from '../../../bench/loss/cell.js'

const seen = { opsPerSec: 1_000, p50Ms: 1, p99Ms: 2, maxMs: 3, errors: 0 }
const told = { elections: 0, retransmissionsPerOp: null }
const rates = {
  serverCpuUs: 800_000,
  clientCpuUs: 100_000,
  machineCpuUs: 1_400_000,
  packets: [600, 100, 100, 200],
  bytes: [800_000, 50_000, 50_000, 300_000],
}

void t.test('costs are per operation, and what else the machine did is in per cent of one core', t => {
  t.match(figuresOf(seen, told, rates, 4.98765), {
    opsPerSec: 1_000,
    cpuUsPerOp: 800,
    clientCpuUsPerOp: 100,
    otherCpuPercent: 50,
    packetsPerOp: 1,
    bytesPerOp: 1_200,
    bytesPerOpByHost: [800, 50, 50, 300],
    lostPercent: 4.988,
  })
  t.end()
})

void t.test('where nothing was done or counted, nothing is known per operation', t => {
  const unknown = {
    cpuUsPerOp: null,
    clientCpuUsPerOp: null,
    packetsPerOp: null,
    bytesPerOp: null,
    bytesPerOpByHost: null,
  }
  t.match(figuresOf({ ...seen, opsPerSec: 0 }, told, rates, null), {
    ...unknown,
    otherCpuPercent: 50,
    lostPercent: null,
  })
  t.match(figuresOf(seen, told, null, 0), { ...unknown, otherCpuPercent: null, lostPercent: 0 })
  t.end()
})
