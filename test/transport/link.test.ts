import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { TransportLink } from '../../src/transport/link.js'
import { ReassemblyBudget } from '../../src/transport/reassembly-budget.js'
import { SenderActivity } from '../../src/transport/receive-share.js'
import type { Waiting } from '../../src/transport/outbox.js'
import type { Envelope } from '../../codec/envelope.js'
import { messageBytes } from '../../codec/messages.js'
import { bulkMessage } from '../support/transports.js'

function newLink(): TransportLink {
  const link = new TransportLink({
    ...{ kind: 'peer', address: addressOf('10.0.0.2', 1), serverId: 2, datagramSizes: [1_200, 8_972] },
    ...{ firstPacketNumber: 1, bootNonce: 0, reassemblyBudget: new ReassemblyBudget(), waitingBytes: { bytes: 0 } },
    activity: new SenderActivity(),
  })
  link.path.tried(8_972)
  link.path.arrived(8_972)
  return link
}

/** An envelope that says that this packet arrived, and none below it. */
function acknowledging(ackedPacketNumber: number): Envelope {
  return {
    ...{ kind: 'peer', clusterId: 1, sender: 2, incarnation: 1, bootNonce: 1, packetNumber: 1 },
    ...{ asksForAcknowledgement: 'no', isFollowed: false, ackedPacketNumber, ackedBitsLow: 0, ackedBitsHigh: 0 },
    receiveWindowBytes: 1_000_000,
  }
}

/** Queues a message, lets its first datagram go, and returns what that carried. */
function sendOf(link: TransportLink, payloadBytes: number): Waiting {
  const message = bulkMessage(1, 1, payloadBytes)
  t.ok(link.queue(message, messageBytes(message), 0))
  const waiting = link.outbox.first!
  link.said.asksForAcknowledgement(message)
  link.outbox.shift()
  link.departs(waiting.bytes, [waiting], 'soon', 100_000, 0)
  return waiting
}

void t.test('on a path that carries less, a lost message is cut anew', t => {
  const link = newLink()
  const waiting = sendOf(link, 5_000)
  t.equal(waiting.parted, null, 'it went whole')
  link.path.silent()
  link.expire(link.wakeAtMs)
  const { message, bytes } = link.outbox.first!
  t.equal(message.type, 'Fragment')
  t.ok(bytes <= 1_200)
  t.ok(link.outbox.bytes > 5_000 && link.isAtWork)
  t.end()
})

void t.test('regression_what_does_not_fit_any_more_in_fragments_is_counted, and not as repeated', t => {
  const link = newLink()
  sendOf(link, 5_000)
  const filler = bulkMessage(1, 2, 1_000)
  while (link.outbox.push(filler, messageBytes(filler), 0));
  link.path.silent()
  link.expire(link.wakeAtMs)
  t.same(link.counters.drops.all, { 'outbox-full': 1 })
  t.equal(link.counters.repeatedMessages, 0)
  t.end()
})

void t.test('on a path that carries less, a fragment is not cut again: its message is abandoned', t => {
  const link = newLink()
  const { parted } = sendOf(link, 30_000)
  link.path.silent()
  t.notOk(parted?.isAbandoned)
  link.expire(link.wakeAtMs)
  t.ok(parted?.isAbandoned)
  t.end()
})

void t.test('who gives up abandons the fragments in flight', t => {
  const link = newLink()
  const first = sendOf(link, 30_000)
  for (let copies = 0; copies < 3; copies++) link.departs(first.bytes, [first], 'soon', 100_000, 0)
  let [timeouts, nowMs] = [0, 0]
  for (; link.sent.inFlight > 0; timeouts++) {
    t.notOk(first.parted?.isAbandoned)
    nowMs = link.wakeAtMs
    link.expire(nowMs)
  }
  t.ok(first.parted?.isAbandoned)
  t.ok(timeouts >= 7 && nowMs >= 1_000, `${timeouts} timeouts, ${nowMs} ms`)
  t.equal(link.sent.inFlight, 0)
  t.notOk(link.isAtWork && link.windowBytes > 5_000)
  t.end()
})

void t.test(
  'regression_a_peer_that_was_not_there_yet_is_no_loss: what was sent before its first word met nobody',
  t => {
    const link = newLink()
    for (let sent = 0; sent < 10; sent++) sendOf(link, 100)
    link.expire(link.wakeAtMs)
    for (let sent = 0; sent < 4; sent++) sendOf(link, 100)
    const nowMs = link.wakeAtMs
    link.acknowledged(acknowledging(link.sent.lastNumber), nowMs)
    t.ok(link.counters.lost >= 10, `${link.counters.lost} are lost`)
    t.equal(link.loss.share, 0)
    sendOf(link, 100)
    for (let sent = 0; sent < 4; sent++) sendOf(link, 100)
    link.acknowledged(acknowledging(link.sent.lastNumber), nowMs + 1)
    t.ok(link.loss.share > 0, 'what is lost from then on counts')
    t.end()
  },
)
