import t from 'tap'
import type { Sample } from '../../../bench/loss/meter.js'
import { ratesOf } from '../../../bench/loss/meter.js'

function sampleOf(atMs: number, count: number): Sample {
  return {
    atMs,
    serverCpuUs: count,
    clientCpuUs: 2 * count,
    machineCpuUs: 5 * count,
    packets: [count, 0],
    bytes: [0, 100 * count],
  }
}

void t.test('rates are those of the last seconds alone', t => {
  const samples = [sampleOf(0, 0), sampleOf(1_000, 9_000), sampleOf(2_000, 9_100), sampleOf(3_000, 9_200)]
  t.same(ratesOf(samples, 2), {
    serverCpuUs: 100,
    clientCpuUs: 200,
    machineCpuUs: 500,
    packets: [100, 0],
    bytes: [0, 10_000],
  })
  t.equal(ratesOf(samples, 60)?.serverCpuUs, 9_200 / 3, 'or of all there is')
  t.end()
})

void t.test('what the client waited for its last answers is not of the measured time', t => {
  const samples = [
    sampleOf(0, 0),
    sampleOf(1_000, 100),
    sampleOf(2_000, 200),
    sampleOf(3_000, 201),
    sampleOf(4_000, 201),
  ]
  t.equal(ratesOf(samples, 2, 2_000)?.serverCpuUs, 100)
  t.equal(ratesOf(samples, 2, 60_000), null)
  t.end()
})

void t.test('without two samples there is no rate', t => {
  t.equal(ratesOf([], 1), null)
  t.equal(ratesOf([sampleOf(0, 1)], 1), null)
  t.equal(ratesOf([sampleOf(0, 1), sampleOf(5_000, 2)], 1), null, 'the earlier one is from before')
  t.end()
})
