import t from 'tap'
import { RoundTrip } from '../../src/transport/round-trip.js'

void t.test('as RFC 6298 computes it', t => {
  const roundTrip = new RoundTrip()
  t.equal(roundTrip.smoothedMs, 0)
  roundTrip.sample(100, 0)
  t.same([roundTrip.smoothedMs, roundTrip.variationMs], [100, 50], '2.2: SRTT = R, RTTVAR = R/2')
  roundTrip.sample(180, 1)
  // 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT = 7/8 SRTT + 1/8 R'.
  t.same([roundTrip.smoothedMs, roundTrip.variationMs], [110, 57.5])
  t.end()
})

void t.test('U05: follows a path that becomes slow, and fast again', t => {
  const roundTrip = new RoundTrip()
  let nowMs = 0
  const settle = (ms: number) => {
    for (let i = 0; i < 60; i++) roundTrip.sample(ms, nowMs++)
    t.ok(Math.abs(roundTrip.smoothedMs - ms) < 0.1, `${roundTrip.smoothedMs} after many samples of ${ms}`)
  }
  settle(0.1)
  settle(80)
  settle(0.1)
  t.end()
})

void t.test('the least of ten to twenty seconds is remembered', t => {
  const roundTrip = new RoundTrip()
  t.equal(roundTrip.leastMs, Infinity)
  roundTrip.sample(3, 0)
  roundTrip.sample(1, 5_000)
  roundTrip.sample(2, 10_000)
  t.equal(roundTrip.leastMs, 1)
  roundTrip.sample(4, 19_999)
  t.equal(roundTrip.leastMs, 1)
  roundTrip.sample(5, 20_000)
  t.equal(roundTrip.leastMs, 2, 'the one of the first ten seconds is forgotten')
  t.end()
})

void t.test('the probe timeout is that of RFC 9002: mean, four deviations, and what the other side may delay', t => {
  const roundTrip = new RoundTrip()
  t.equal(roundTrip.probeTimeoutMs('soon'), 30, 'nothing is known')
  roundTrip.sample(10, 0)
  t.equal(roundTrip.probeTimeoutMs('soon'), 10 + 4 * 5 + 3)
  for (let i = 0; i < 200; i++) roundTrip.sample(10, i)
  t.ok(
    Math.abs(roundTrip.probeTimeoutMs('soon') - (10 + 1 + 3)) < 0.01,
    'a deviation of nothing counts as a millisecond',
  )
  t.end()
})

void t.test('loss is judged by the larger of the smoothed and the latest', t => {
  const roundTrip = new RoundTrip()
  roundTrip.sample(10, 0)
  roundTrip.sample(20, 1)
  t.equal(roundTrip.lossMs, 20)
  roundTrip.sample(5, 2)
  t.equal(roundTrip.lossMs, roundTrip.smoothedMs)
  t.end()
})
