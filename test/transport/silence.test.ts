import t from 'tap'
import { RoundTrip } from '../../src/transport/round-trip.js'
import { SentPackets } from '../../src/transport/sent-packets.js'
import { Silence } from '../../src/transport/silence.js'

/** Something went at 0 ms, on a path of 4 ms that never varies much. */
function sendOne(): { silence: Silence; sent: SentPackets; timeoutMs: number } {
  const sent = new SentPackets(1)
  const roundTrip = new RoundTrip()
  for (let i = 0; i < 100; i++) roundTrip.sample(4, i)
  const silence = new Silence(sent, roundTrip)
  sent.sent(100, true, [], 0)
  return { silence, sent, timeoutMs: roundTrip.probeTimeoutMs('soon') }
}

void t.test('with nothing in flight nobody is asked', t => {
  const sent = new SentPackets(1)
  t.equal(new Silence(sent, new RoundTrip()).probeAtMs, Infinity)
  t.end()
})

/** What each of so many timeouts in a row waits. */
function waits({ silence, sent }: { silence: Silence; sent: SentPackets }, count: number): number[] {
  const waitsMs: number[] = []
  for (let atMs = sent.oldestSentAtMs; waitsMs.length < count;) {
    waitsMs.push(silence.probeAtMs - atMs)
    atMs = silence.probeAtMs
    silence.goesOn(atMs)
    if (!silence.isHopeless) continue
    // What was in flight is given up, and something else goes.
    sent.takeOldest(Infinity, atMs)
    sent.sent(100, true, [], atMs)
  }
  return waitsMs
}

void t.test('RFC 9002 section 6.2.1: each timeout is twice the one before, up to 100 ms', t => {
  const one = sendOne()
  t.same(
    waits(one, 7),
    [1, 2, 4, 8, 16, 32, 64].map(times => Math.min(times * one.timeoutMs, 100)),
  )
  t.end()
})

void t.test('whoever has been silent for long is asked after a quarter of that again, up to half a second', t => {
  const one = sendOne()
  const waitsMs = waits(one, 30)
  let silentMs = 0
  const longestMs = waitsMs.slice(1).map(waitMs => {
    const longest = Math.min(Math.max(100, silentMs / 4), 500)
    silentMs += waitMs
    return longest
  })
  t.same(waitsMs.slice(6), longestMs.slice(5), 'from where doubling leads beyond it')
  t.equal(waitsMs.at(-1), 500)
  t.end()
})

void t.test('a path of a long way is not asked before a word can be there', t => {
  const sent = new SentPackets(1)
  const roundTrip = new RoundTrip()
  for (let i = 0; i < 100; i++) roundTrip.sample(700, i)
  const silence = new Silence(sent, roundTrip)
  sent.sent(100, true, [], 0)
  for (const waitMs of waits({ silence, sent }, 5)) t.ok(waitMs > 700, `${waitMs}`)
  t.end()
})

void t.test('what goes puts the first timeout off, and none after it', t => {
  const { silence, sent, timeoutMs } = sendOne()
  sent.sent(100, true, [], 5)
  t.equal(silence.probeAtMs, 5 + timeoutMs)
  silence.goesOn(5 + timeoutMs)
  sent.sent(100, true, [], 7 + timeoutMs)
  t.equal(silence.probeAtMs, 5 + timeoutMs + 2 * timeoutMs)
  t.end()
})

void t.test('three timeouts are absence, seven without hope, and a word ends both', t => {
  const { silence } = sendOne()
  silence.ends(0)
  const states: string[] = []
  for (let timeouts = 1; timeouts <= 7; timeouts++) {
    silence.goesOn(200 * timeouts)
    states.push(silence.isHopeless ? 'hopeless' : silence.isAbsence ? 'absent' : 'silent')
  }
  t.same(states, ['silent', 'silent', 'absent', 'absent', 'absent', 'absent', 'hopeless'])
  silence.ends(2_000)
  t.notOk(silence.isAbsence || silence.isHopeless)
  t.equal(silence.lastNewsAtMs, 2_000)
  t.end()
})

void t.test('regression_seven_timeouts_of_a_quick_path_were_the_end_of_hope, after a fifth of a second', t => {
  const { silence } = sendOne()
  silence.ends(0)
  for (let timeouts = 1; timeouts <= 10; timeouts++) {
    silence.goesOn(100 * timeouts)
    t.notOk(silence.isHopeless)
  }
  silence.goesOn(1_100)
  t.ok(silence.isHopeless, 'a second after the first')
  t.end()
})

void t.test('regression_whoever_was_cut_off_for_seconds_was_not_asked_when_it_spoke_again', t => {
  const one = sendOne()
  const { silence } = one
  silence.ends(0)
  const nowMs = waits(one, 20).reduce((sum, ms) => sum + ms, 0)
  t.ok(silence.isHopeless)
  silence.heard(50, nowMs)
  t.ok(silence.isHopeless, 'it hears us no better than before')
  silence.heard(nowMs, nowMs)
  t.ok(silence.probeAtMs <= nowMs + 100, 'not after a quarter of the silence')
  t.ok(silence.isAbsence && !silence.isHopeless, 'what was lost says nothing of the path, and there is hope again')
  silence.goesOn(nowMs)
  t.equal(silence.probeAtMs, nowMs + Math.min(one.timeoutMs * 16, 100), 'not once for each word')
  t.end()
})

void t.test('who has never spoken is absent: nothing says that the path loses', t => {
  t.ok(sendOne().silence.isAbsence)
  t.end()
})
