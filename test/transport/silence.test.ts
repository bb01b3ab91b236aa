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

void t.test('RFC 9002 section 6.2.1: each timeout is twice the one before, up to half a second', t => {
  const { silence, timeoutMs } = sendOne()
  const waitsMs: number[] = []
  for (let atMs = 0; waitsMs.length < 7;) {
    waitsMs.push(silence.probeAtMs - atMs)
    atMs = silence.probeAtMs
    silence.goesOn(atMs)
  }
  t.same(
    waitsMs,
    [1, 2, 4, 8, 16, 32, 64].map(times => Math.min(times * timeoutMs, 500)),
  )
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

void t.test('who has never spoken is absent: nothing says that the path loses', t => {
  t.ok(sendOne().silence.isAbsence)
  t.end()
})
