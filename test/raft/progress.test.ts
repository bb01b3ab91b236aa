import t from 'tap'
import { Progress } from '../../src/raft/progress.js'

/** A peer whose log agrees up to 10 and to which entries are sent ahead. */
function replicating(windowBytesMax = 1_000): Progress {
  const progress = new Progress(2, 11, 0, 500, windowBytesMax)
  progress.accepted(10, 10, 0)
  return progress
}

void t.test('a peer is probed until it accepts something', t => {
  const progress = new Progress(2, 11, 0, 500, 1_000)
  t.same([progress.state, progress.nextIndex, progress.matchIndex], ['probe', 11, 0])
  progress.accepted(10, 4, 1)
  t.same([progress.state, progress.nextIndex, progress.matchIndex, progress.acceptedIndex], ['replicate', 11, 4, 10])
  t.end()
})

void t.test('pipelining: entries are sent ahead, within a window of bytes and of messages', t => {
  const progress = replicating()
  t.ok(progress.hasRoomFor(5_000), 'one always fits an empty window')
  progress.sent(12, 600, 0)
  t.ok(progress.hasRoomFor(400))
  t.notOk(progress.hasRoomFor(401), 'the window is not passed by a byte')
  progress.sent(13, 400, 0)
  t.same([progress.inflightBytes, progress.nextIndex], [1_000, 14])
  progress.accepted(12, 10, 1)
  t.same([progress.inflightBytes, progress.inflight.length], [400, 1])
  t.ok(progress.hasRoomFor(600))
  const small = replicating(1e9)
  for (let index = 11; small.hasRoomFor(1); index++) small.sent(index, 1, 0)
  t.equal(small.inflight.length, 256, 'however small they are')
  t.end()
})

void t.test('acceptance of one is acceptance of all before it', t => {
  const progress = replicating()
  for (const lastIndex of [12, 14, 16]) progress.sent(lastIndex, 100, 0)
  progress.accepted(14, 10, 1)
  t.same([progress.inflight.map(sent => sent.lastIndex), progress.inflightBytes], [[16], 100])
  t.end()
})

void t.test('R03: matchIndex only grows, and nextIndex stays above it', t => {
  const progress = replicating()
  progress.accepted(12, 12, 1)
  progress.accepted(11, 11, 1)
  t.same([progress.matchIndex, progress.nextIndex], [12, 13])
  t.throws(() => progress.probeFrom(12), /stays above matchIndex/)
  t.end()
})

void t.test('regression_probe-ended-by-an-older-acceptance: only what reaches as far as the probe ends it', t => {
  const progress = replicating()
  for (const lastIndex of [12, 14, 16]) progress.sent(lastIndex, 100, 0)
  progress.probeFrom(13)
  progress.accepted(12, 11, 1)
  t.equal(progress.state, 'probe', 'it has not even left')
  progress.probed(14, 0, 1)
  progress.accepted(12, 12, 2)
  t.equal(progress.state, 'probe', 'this answers what was sent before')
  t.same([progress.matchIndex, progress.nextIndex], [12, 13])
  progress.accepted(14, 12, 11)
  t.same([progress.state, progress.nextIndex], ['replicate', 15])
  t.end()
})

void t.test('a probe forgets what was in flight: it is sent again only from where the peer needs it', t => {
  const progress = replicating()
  progress.sent(12, 100, 0)
  progress.sent(14, 100, 0)
  progress.probeFrom(13)
  t.same([progress.state, progress.nextIndex, progress.inflight.length, progress.inflightBytes], ['probe', 13, 0, 0])
  t.equal(progress.probeSentMs, -Infinity, 'and leaves at once')
  progress.accepted(14, 10, 5)
  t.equal(progress.nextIndex, 15, 'what arrived after all is not sent again')
  t.end()
})

void t.test('U04: round trips are estimated (RFC 6298), from what was sent once only (Karn)', t => {
  const progress = replicating()
  progress.sent(11, 10, 100)
  progress.accepted(11, 10, 180)
  t.equal(progress.roundTripMs, 80)
  t.equal(progress.retransmissionMs(0, 1e9), 80 + 4 * 40)
  progress.sent(12, 10, 200)
  progress.accepted(12, 10, 280)
  t.equal(progress.retransmissionMs(0, 1e9), 80 + 4 * 30)
  progress.sent(13, 10, 300)
  progress.probeFrom(13)
  progress.probed(13, 0, 400)
  progress.sent(13, 10, 410)
  progress.accepted(13, 10, 411)
  t.equal(progress.roundTripMs, 80, 'which of the three was answered is not known')
  t.end()
})

void t.test('U04: the timeout doubles with each loss, and comes back only with a sample', t => {
  const progress = replicating()
  t.equal(progress.retransmissionMs(20, 1e9), 20)
  for (let time = 0; time < 3; time++) progress.timedOut()
  t.equal(progress.retransmissionMs(20, 1e9), 8 * 20)
  t.equal(progress.retransmissionMs(20, 100), 100, 'up to a limit')
  t.equal(progress.retransmissions, 3)
  progress.accepted(11, 11, 5)
  t.equal(progress.retransmissionMs(20, 1e9), 8 * 20, 'perhaps it was only too short')
  progress.sent(12, 10, 10)
  progress.accepted(12, 12, 40)
  t.equal(progress.retransmissionMs(20, 1e9), 30 + 4 * 15)
  t.equal(progress.retransmissionMs(20, 50), 50, 'a limit for the estimate too')
  t.equal(progress.retransmissionMs(200, 1e9), 200, 'a longer least time is waited')
  for (let time = 0; time < 20; time++) progress.timedOut()
  t.equal(progress.retransmissionMs(200, 1e9), 64 * 200)
  t.end()
})

void t.test('silence counts since the transport ended its work, and in the end whatever it says', t => {
  const progress = replicating()
  t.equal(progress.silentSinceMs(100, 0, 500), 100)
  t.equal(progress.silentSinceMs(-Infinity, 0, 500), -Infinity, 'what never left is not waited for')
  progress.pathAtWork(300)
  t.equal(progress.silentSinceMs(100, 0, 500), 300)
  t.equal(progress.silentSinceMs(400, 0, 500), 400, 'what left later counts from then')
  progress.pathAtWork(1_000)
  t.equal(progress.silentSinceMs(100, 0, 500), 600, 'a peer may have lost what arrived')
  t.equal(progress.silentSinceMs(100, 30_000, 500), 900, 'what is large is on its way for longer')
  t.same([progress.isPathAtWork(1_019, 20), progress.isPathAtWork(1_020, 20)], [true, false])
  t.end()
})
