import t from 'tap'
import { Congestion, type Loss } from '../../src/transport/congestion.js'

const datagram = 2_304

/** Of a path that loses so much whatever is sent, with a thousand packets in a round; `isOwn` is not listened to. */
function lossOf(own: number, excess: number): Loss {
  const share = own + excess
  let counted = 0
  return {
    ...{ share, own, excess, isLossy: share >= 0.02, isOwn: () => undefined },
    get counted() {
      return (counted += 1_000)
    },
    get countedLost() {
      return counted * share
    },
  }
}

const noLoss = lossOf(0, 0)

/** Rounds of a window that is full each time: `deliveredShare` of it arrives, in `roundTripMs`. */
function rounds(
  congestion: Congestion,
  count: number,
  roundTripMs: number,
  { pathMs = 1, loss = noLoss, deliveredShare = 1, limited = true, from = 1, jitterMs = 0 } = {},
): void {
  for (let round = 0; round < count; round++) {
    if (limited) congestion.limited()
    const chargedBytes = congestion.windowBytes * deliveredShare
    congestion.acknowledged(
      { settled: from + round, chargedBytes, roundTripMs, jitterMs },
      from + round + 1,
      pathMs,
      loss,
      (from + round) * roundTripMs,
    )
  }
}

void t.test('RFC 9002 section 7.2: ten datagrams at first, then a quarter more in each round', t => {
  const congestion = new Congestion(() => datagram)
  t.equal(congestion.windowBytes, 10 * datagram)
  rounds(congestion, 1, 1)
  t.equal(congestion.windowBytes, 12.5 * datagram, 'what was delivered, and a quarter')
  rounds(congestion, 40, 1, { from: 2 })
  t.ok(congestion.windowBytes > 10_000 * datagram, `${congestion.windowBytes}`)
  t.end()
})

void t.test('a window that was not used says nothing, and stays', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 20, 1, { limited: false })
  t.equal(congestion.windowBytes, 10 * datagram)
  t.end()
})

void t.test('a standing queue shrinks it in proportion, by half at most, and never below three datagrams', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 10, 1)
  const before = congestion.windowBytes
  rounds(congestion, 1, 11, { from: 11 })
  t.ok(congestion.windowBytes > before, '10 ms are left standing')
  const grown = congestion.windowBytes
  const leftMs = 1 + 10 + 30 * Math.sqrt((3 * datagram) / grown)
  rounds(congestion, 1, leftMs / 0.75, { from: 12 })
  t.ok(Math.abs(congestion.windowBytes - grown * 0.75) < 1, 'to three quarters')
  rounds(congestion, 1, 1_000, { from: 13 })
  t.ok(Math.abs(congestion.windowBytes - grown * 0.375) < 1)
  rounds(congestion, 50, 1_000, { from: 14 })
  t.equal(congestion.windowBytes, 3 * datagram)
  rounds(congestion, 1, 26, { from: 64 })
  t.ok(congestion.windowBytes > 3 * datagram, 'a small window leaves up to 25 ms standing')
  t.end()
})

void t.test('of two windows that meet the same queue the larger one gives way', t => {
  const [small, large] = [new Congestion(() => datagram), new Congestion(() => datagram)]
  rounds(small, 1, 100)
  rounds(large, 20, 1)
  const before = [small.windowBytes, large.windowBytes]
  for (const congestion of [small, large]) rounds(congestion, 1, 17, { from: 21 })
  t.ok(small.windowBytes > before[0]!)
  t.ok(large.windowBytes < before[1]!)
  t.end()
})

void t.test('regression_jitter_was_taken_for_a_queue: a small window knows the path’s least by few exchanges', t => {
  for (const [loss, queueMs] of [
    [noLoss, 40],
    [lossOf(0.1, 0), 16],
  ] as const) {
    const [small, large] = [new Congestion(() => datagram), new Congestion(() => datagram)]
    for (const congestion of [small, large]) rounds(congestion, 1, 1_000)
    rounds(small, 20, 1_000, { from: 2 })
    t.equal(small.windowBytes, 3 * datagram)
    rounds(small, 1, 1 + queueMs, { from: 22, jitterMs: 40, loss })
    t.ok(small.windowBytes > 3 * datagram, `${small.windowBytes / datagram} datagrams`)
    rounds(large, 40, 1, { from: 2 })
    const before = large.windowBytes
    rounds(large, 40, 1 + queueMs, { from: 100, jitterMs: 40, loss })
    t.ok(large.windowBytes < before / 2, 'a large one by many')
  }
  t.end()
})

void t.test('one quick exchange in a round shows that no queue stands', t => {
  const congestion = new Congestion(() => datagram)
  congestion.limited()
  congestion.acknowledged({ settled: 1, chargedBytes: 10 * datagram, roundTripMs: 1, jitterMs: 0 }, 5, 1, noLoss, 0)
  for (const roundTripMs of [90, 2, 90]) {
    congestion.limited()
    congestion.acknowledged({ settled: 2, chargedBytes: 5 * datagram, roundTripMs, jitterMs: 0 }, 9, 1, noLoss, 0)
  }
  congestion.acknowledged({ settled: 5, chargedBytes: 5 * datagram, roundTripMs: 90, jitterMs: 0 }, 9, 1, noLoss, 0)
  t.ok(congestion.windowBytes >= 12.5 * datagram, `${congestion.windowBytes}`)
  t.end()
})

void t.test('a round is over when more have left the flight than had been sent when it began', t => {
  const congestion = new Congestion(() => datagram)
  const leaves = (settled: number, next: number) => {
    congestion.limited()
    congestion.acknowledged({ settled, chargedBytes: datagram, roundTripMs: 1, jitterMs: 0 }, next, 1, noLoss, settled)
    return congestion.windowBytes / datagram
  }
  leaves(1, 11)
  const before = congestion.windowBytes / datagram
  for (let settled = 2; settled <= 10; settled++) t.equal(leaves(settled, 10 + settled), before)
  t.equal(leaves(11, 21), 1.25 * 10, 'what ten of them delivered, and a quarter')
  for (let settled = 12; settled <= 20; settled++) t.equal(leaves(settled, 10 + settled), 12.5)
  t.end()
})

void t.test('loss beyond the path’s own shrinks it, the path’s own does not', t => {
  for (const own of [0.2, 0.3, 0.45]) {
    const congestion = new Congestion(() => datagram)
    rounds(congestion, 100, 1, { loss: lossOf(own, 0.1), deliveredShare: 1 - own })
    t.ok(congestion.windowBytes > 100 * datagram, `grows at ${own}: ${congestion.windowBytes}`)
    const before = congestion.windowBytes
    const loss = lossOf(own, 0.2)
    rounds(congestion, 1, 1, { loss, deliveredShare: 0.8 - own, from: 101 })
    t.equal(congestion.windowBytes, before, 'it is looked at first')
    rounds(congestion, 1, 1, { loss, deliveredShare: 0.8 - own, from: 102 })
    t.ok(Math.abs(congestion.windowBytes - before / 2 - datagram) < 1, 'to half, and a datagram more')
  }
  t.end()
})

void t.test('of what is lost while a queue stands nothing is the path’s own', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 40, 1)
  const loss = lossOf(0.1, 0)
  // A queue of 7 ms now and then is an event loop that was busy.
  for (let from = 41; from < 81; from += 2) {
    rounds(congestion, 1, 8, { loss, from })
    rounds(congestion, 1, 1, { loss, from: from + 1 })
  }
  const before = congestion.windowBytes
  t.not(congestion.hasShrunk, true)
  rounds(congestion, 100, 8, { loss, from: 100 })
  t.ok(congestion.windowBytes < before / 10, `${congestion.windowBytes} of ${before}`)
  t.end()
})

void t.test('additive increase, multiplicative decrease: links that lose alike come to equal windows', t => {
  const signs: [string, number, Loss][] = [
    ['loss', 1, lossOf(0, 0.2)],
    ['loss while a queue stands', 11, lossOf(0.1, 0)],
  ]
  for (const [name, roundTripMs, loss] of signs) {
    const [small, large] = [new Congestion(() => datagram), new Congestion(() => datagram)]
    rounds(large, 12, 1)
    t.ok(large.windowBytes > 10 * small.windowBytes)
    for (const congestion of [small, large]) rounds(congestion, 400, roundTripMs, { loss, from: 2_001 })
    const ratio = large.windowBytes / small.windowBytes
    t.ok(ratio < 1.5, `${name}: ${ratio}`)
  }
  t.end()
})

void t.test('a window that is not delivered goes down in steps to what is', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 20, 1)
  const before = congestion.windowBytes
  t.ok(before > 200 * datagram)
  let from = 21
  for (; from < 121; from++) {
    congestion.limited()
    congestion.acknowledged(
      { settled: from, chargedBytes: 20 * datagram, roundTripMs: 1, jitterMs: 0 },
      from + 1,
      1,
      noLoss,
      from,
    )
    t.ok(congestion.windowBytes >= before * (7 / 8) ** (from - 20) - 1)
  }
  t.ok(Math.abs(congestion.windowBytes - 25 * datagram) < 1, `${congestion.windowBytes / datagram} datagrams`)
  t.end()
})

void t.test('RFC 9002 section 7.6: after a silence it begins with the least', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 20, 1)
  congestion.silent()
  t.equal(congestion.windowBytes, 3 * datagram)
  t.end()
})

void t.test('regression_small_window: a window of few datagrams grows although it delivers few', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 1, 100)
  rounds(congestion, 1, 100, { from: 2 })
  const small = congestion.windowBytes
  for (let round = 3; round < 30; round++) {
    congestion.limited()
    // As a link uses it: whole datagrams, and some room left for what is urgent.
    const chargedBytes = Math.floor((congestion.windowBytes - 1_664) / datagram) * datagram
    congestion.acknowledged({ settled: round, chargedBytes, roundTripMs: 1, jitterMs: 0 }, round + 1, 1, noLoss, round)
  }
  t.ok(congestion.windowBytes > 5 * small, `${congestion.windowBytes} from ${small}`)
  t.end()
})

void t.test('a link that has met a queue makes a pause now and then, to see the path without it', t => {
  const congestion = new Congestion(() => datagram)
  rounds(congestion, 10, 1)
  rounds(congestion, 1, 100, { from: 11 })
  const windows: number[] = []
  for (let round = 12; round < 400; round++) {
    congestion.limited()
    congestion.acknowledged(
      { settled: round, chargedBytes: 40 * datagram, roundTripMs: 1, jitterMs: 0 },
      round + 1,
      1,
      noLoss,
      round,
    )
    windows.push(congestion.windowBytes)
  }
  const paused = windows.filter(bytes => bytes === 3 * datagram).length
  t.equal(paused, 6, 'three rounds of each hundred and twenty-eight')
  const at = windows.indexOf(3 * datagram)
  t.equal(windows[at + 3], windows[at - 1], 'then it goes on as before')
  t.end()
})

void t.test('regression_a_window_was_measured_in_datagrams_that_the_path_does_not_carry', t => {
  let bytes = datagram
  const congestion = new Congestion(() => bytes)
  t.equal(congestion.windowBytes, 10 * datagram)
  congestion.silent()
  t.equal(congestion.windowBytes, 3 * datagram)
  bytes = 4 * datagram
  congestion.silent()
  t.equal(congestion.windowBytes, 12 * datagram, 'once it is known to carry larger ones')
  t.end()
})
