import t from 'tap'
import { envelopeBytes } from '../../codec/envelope.js'
import { Congestion } from '../../src/transport/congestion.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'
import { Outbox } from '../../src/transport/outbox.js'
import { PathProbe } from '../../src/transport/path-probe.js'
import { SendWindow, windowBytesAtFirst } from '../../src/transport/send-window.js'
import { RoundTrip } from '../../src/transport/round-trip.js'
import { SentPackets } from '../../src/transport/sent-packets.js'
import { Silence } from '../../src/transport/silence.js'
import { bulkMessage, peerMessage } from '../support/transports.js'

const full = chargedBytes(1_200)

function enter() {
  const sent = new SentPackets(1)
  const parts = {
    sent,
    silence: new Silence(sent, new RoundTrip()),
    congestion: new Congestion(() => full),
    path: new PathProbe([1_200]),
    outbox: new Outbox(),
  }
  const window = new SendWindow(parts)
  const waiting = { message: bulkMessage(1, 1, 1_000), bytes: 1_100, queuedAtMs: 0, parted: null, losses: 0 }
  const send = (count: number): void => {
    for (let i = 0; i < count; i++) parts.sent.sent(1_200, true, [waiting], 0)
  }
  return { ...parts, window, send }
}

void t.test('the lesser of what is advertised and what the path bears; nobody there, the least', t => {
  const { window, congestion, silence } = enter()
  t.equal(window.bytes, windowBytesAtFirst)
  window.promised(1_000_000)
  t.equal(window.bytes, congestion.windowBytes)
  window.promised(0)
  t.equal(window.bytes, full, 'a promise of nothing is not believed')
  window.promised(1_000_000)
  for (let timeouts = 1; timeouts <= 7; timeouts++) silence.goesOn(200 * timeouts)
  t.equal(window.bytes, full)
  t.end()
})

void t.test('a part is kept free for what is urgent', t => {
  const { window, outbox, send } = enter()
  window.promised(4 * full)
  outbox.push(bulkMessage(1, 1, 1_000), 1_100, 0)
  send(3)
  t.equal(window.roomBytes, full)
  t.ok(window.hasRoom)
  t.equal(window.payloadBytesNow(), 0)
  t.equal(window.urgentPayloadBytesNow(), 0, 'nothing is urgent')
  outbox.push(peerMessage(1, 1), 53, 0)
  t.equal(window.urgentPayloadBytesNow(), envelopeBytes + 53)
  send(1)
  t.equal(window.urgentPayloadBytesNow(), 0)
  t.end()
})

void t.test('a window smaller than a datagram lets one at a time through', t => {
  const { window, outbox, send } = enter()
  window.promised(0)
  outbox.push(bulkMessage(1, 1, 1_000), 1_100, 0)
  t.equal(window.payloadBytesNow(), 1_200)
  send(1)
  t.equal(window.payloadBytesNow(), 0)
  t.notOk(window.hasRoom)
  t.ok(window.availableBytes < 0)
  t.end()
})
