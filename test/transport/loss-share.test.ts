import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { LossShare } from '../../src/transport/loss-share.js'

/** A packet that is lost with this probability. */
function feedOne(loss: LossShare, prng: Prng, share: number, nowMs: number): void {
  const isLost = prng.fraction() < share
  loss.count(isLost ? 0 : 1, isLost ? 1 : 0, nowMs)
}

/** `packets` of these, a thousand in a second. */
function feed(loss: LossShare, prng: Prng, packets: number, share: number, fromMs: number): number {
  let mostExcess = 0
  for (let i = 0; i < packets; i++) {
    feedOne(loss, prng, share, fromMs + i)
    mostExcess = Math.max(mostExcess, loss.excess)
  }
  return mostExcess
}

void t.test('the share is that of late, whatever was before', t => {
  const [loss, prng] = [new LossShare(), new Prng(1)]
  let nowMs = 0
  for (const share of [0, 0.3, 0.05, 1, 0.1]) {
    feed(loss, prng, 5_000, share, nowMs)
    nowMs += 5_000
    t.ok(Math.abs(loss.share - share) < 0.06, `${loss.share} of ${share}`)
  }
  t.end()
})

void t.test('a few packets are a plain mean', t => {
  const loss = new LossShare()
  loss.count(3, 1, 0)
  t.ok(Math.abs(loss.share - 0.25) < 1e-9)
  t.equal(loss.excess, 0, 'nothing to compare with')
  t.end()
})

void t.test('what a path always loses is no excess, what it loses more than that is', t => {
  for (const share of [0, 0.05, 0.2, 0.3]) {
    const [loss, prng] = [new LossShare(), new Prng(2)]
    const byChance = feed(loss, prng, 60_000, share, 0)
    t.ok(byChance < 0.15, `${byChance} by chance at ${share}`)
    const more = feed(loss, prng, 2_000, share + 0.25, 60_000)
    t.ok(more > 0.2, `${more} when it loses 0.25 more than ${share}`)
  }
  t.end()
})

void t.test('a loss that stays is the path’s own after twenty seconds', t => {
  const [loss, prng] = [new LossShare(), new Prng(3)]
  feed(loss, prng, 10_000, 0, 0)
  feed(loss, prng, 25_000, 0.3, 10_000)
  t.ok(loss.excess < 0.1, `${loss.excess}`)
  t.end()
})

void t.test('what was seen to be the path’s own counts as that at once', t => {
  const [loss, prng] = [new LossShare(), new Prng(6)]
  feed(loss, prng, 5_000, 0, 0)
  feed(loss, prng, 1_000, 0.3, 5_000)
  t.ok(loss.excess > 0.2)
  t.same([loss.counted, loss.countedLost > 200], [6_000, true])
  loss.isOwn(0.3)
  t.ok(loss.excess < 0.1, `${loss.excess}`)
  feed(loss, prng, 1_000, 0, 6_000)
  feed(loss, prng, 1_000, 0.3, 7_000)
  t.ok(loss.excess > 0.2, 'until it loses less again')
  t.end()
})

void t.test('regression_a_path_that_has_mended_is_known_within_a_minute_on_a_link_with_little_traffic', t => {
  const [loss, prng] = [new LossShare(), new Prng(4)]
  feed(loss, prng, 5_000, 0.2, 0)
  // Twenty requests a second, one after the other, of which every sixteenth goes once and says something.
  let nowMs = 5_000
  for (; loss.share >= 0.02; nowMs += 800) loss.count(1, 0, nowMs)
  t.ok(nowMs < 5_000 + 60_000, `after ${(nowMs - 5_000) / 1_000} s`)
  t.end()
})

void t.test('on a link with little traffic the share wavers about what is lost', t => {
  const [loss, prng] = [new LossShare(), new Prng(5)]
  let [sum, count] = [0, 0]
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 800) {
    feedOne(loss, prng, 0.1, nowMs)
    if (nowMs < 60_000) continue
    t.ok(loss.share < 0.5, 'never half of it')
    sum += loss.share
    count++
  }
  t.ok(Math.abs(sum / count - 0.1) < 0.02, `${sum / count} of 0.1`)
  t.end()
})
