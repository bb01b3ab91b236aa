import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { minTimeoutMs, RequestRoundTrip } from '../../src/client/retransmission.js'

void t.test('100 ms before the first sample, then RFC 6298 with a floor of 40 ms', t => {
  const roundTrip = new RequestRoundTrip()
  t.equal(roundTrip.timeoutMs, 100)
  roundTrip.sample(40)
  t.equal(roundTrip.timeoutMs, 40 + 4 * 20)
  roundTrip.sample(40)
  t.equal(roundTrip.timeoutMs, 40 + 4 * 15)
  for (let i = 0; i < 100; i++) roundTrip.sample(40)
  t.equal(roundTrip.timeoutMs, 40 + 5, 'never without an allowance, however even the samples are')
  for (let i = 0; i < 100; i++) roundTrip.sample(1)
  t.equal(roundTrip.timeoutMs, 40)
  t.equal(minTimeoutMs, 40)
  for (let i = 0; i < 100; i++) roundTrip.sample(5_000)
  t.equal(roundTrip.timeoutMs, 1_000)
  t.end()
})

void t.test('U04: a timeout doubles what follows, once per timeout, until a sample', t => {
  const roundTrip = new RequestRoundTrip()
  roundTrip.timedOut(0)
  t.equal(roundTrip.timeoutMs, 200)
  roundTrip.timedOut(10)
  t.equal(roundTrip.timeoutMs, 200, 'what was sent together times out together')
  roundTrip.timedOut(250)
  t.equal(roundTrip.timeoutMs, 400)
  for (let nowMs = 1_000; nowMs < 60_000; nowMs += 2_000) roundTrip.timedOut(nowMs)
  t.equal(roundTrip.timeoutMs, 1_000)
  roundTrip.sample(20)
  t.equal(roundTrip.timeoutMs, 60)
  t.end()
})

void t.test('repeats of one request wait twice as long each, with jitter, up to 1 s', t => {
  const roundTrip = new RequestRoundTrip()
  roundTrip.sample(10)
  const prng = new Prng(1)
  for (const [transmissions, fromMs] of [
    [1, 40],
    [2, 80],
    [3, 160],
    [5, 640],
    [6, 1_000],
    [7, 1_000],
    [100, 1_000],
  ] as const) {
    const waitMs = roundTrip.repeatAfterMs(transmissions, prng)
    t.ok(waitMs >= fromMs && waitMs <= fromMs * 1.25, `${transmissions}: ${waitMs}`)
  }
  t.end()
})
