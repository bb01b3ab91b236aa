import t from 'tap'
import { LossTrial } from '../../src/transport/loss-trial.js'

/** Rounds in which a window sends through what loses `lostOf` it; halved when the trial says so. What it learns of the path. */
function tryOut(windowPackets: number, lostOf: (windowPackets: number) => number, roundsMax = 1_000) {
  const trial = new LossTrial()
  const own: number[] = []
  const loss = { counted: 0, countedLost: 0, isOwn: (share: number) => own.push(share) }
  let window = windowPackets
  let halvings = 0
  for (let round = 0; round < roundsMax; round++) {
    if (trial.endRound(loss)) {
      halvings++
      // What is in flight was sent before.
      loss.counted += window
      loss.countedLost += lostOf(window)
      window /= 2
    } else {
      loss.counted += window
      loss.countedLost += lostOf(window)
    }
    if (!trial.isUnderWay) break
  }
  return { own, halvings, isUnderWay: trial.isUnderWay }
}

void t.test('a path loses the same share of half as much: that is its own', t => {
  for (const share of [0.16, 0.3, 0.5]) {
    const { own, halvings, isUnderWay } = tryOut(400, packets => packets * share)
    t.same([halvings, isUnderWay], [1, false])
    t.equal(own.length, 1)
    t.ok(Math.abs(own[0]! - share) < 1e-9)
  }
  t.end()
})

void t.test('a queue that overflows loses less of half as much, or all but nothing', t => {
  for (const packets of [400, 360, 240]) {
    const { own, halvings, isUnderWay } = tryOut(packets, sent => Math.max(0, sent - 200))
    t.same([own, halvings, isUnderWay], [[], 1, false])
  }
  t.end()
})

void t.test('of far too much half is too much, too: that says nothing of the path', t => {
  const { own, halvings } = tryOut(2_000, sent => Math.max(0, sent - 100))
  t.same([own, halvings], [[], 1])
  t.end()
})

void t.test('few packets prove nothing: it waits for more, or is ended', t => {
  t.ok(tryOut(10, packets => packets * 0.3, 20).isUnderWay)
  t.same(tryOut(10, packets => packets * 0.3).own.length, 1)
  const trial = new LossTrial()
  const loss = { counted: 0, countedLost: 0, isOwn: () => t.fail('nothing was tried') }
  t.notOk(trial.endRound(loss))
  t.ok(trial.isUnderWay)
  trial.end()
  t.notOk(trial.isUnderWay)
  t.end()
})
