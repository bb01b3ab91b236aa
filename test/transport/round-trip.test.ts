import t from 'tap'
import { RoundTrip } from '../../src/transport/round-trip.js'

void t.test('as RFC 6298 computes it', t => {
  const roundTrip = new RoundTrip()
  t.equal(roundTrip.smoothedMs, 0)
  roundTrip.sample(100)
  t.same([roundTrip.smoothedMs, roundTrip.variationMs], [100, 50], '2.2: SRTT = R, RTTVAR = R/2')
  roundTrip.sample(180)
  // 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT = 7/8 SRTT + 1/8 R'.
  t.same([roundTrip.smoothedMs, roundTrip.variationMs], [110, 57.5])
  t.end()
})

void t.test('U05: follows a path that becomes slow, and fast again', t => {
  const roundTrip = new RoundTrip()
  const settle = (ms: number) => {
    for (let i = 0; i < 60; i++) roundTrip.sample(ms)
    t.ok(Math.abs(roundTrip.smoothedMs - ms) < 0.1, `${roundTrip.smoothedMs} after many samples of ${ms}`)
  }
  settle(0.1)
  settle(80)
  settle(0.1)
  t.end()
})
