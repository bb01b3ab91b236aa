import t from 'tap'
import { fragmentOverheadBytes, type Fragment } from '../../codec/fragment.js'
import { decodeWholeMessage, messageBytes } from '../../codec/messages.js'
import { bulkMessage, peerMessage } from '../support/transports.js'
import { Outbox, outboxBytesMax } from '../../src/transport/outbox.js'
import type { WireMessage } from '../../src/transport/types.js'

const message = (requestId: number): WireMessage => ({ type: 'StatusRequest', requestId })

void t.test('first in, first out, and bytes are counted', t => {
  const outbox = new Outbox()
  const out: unknown[] = []
  for (let i = 0; i < 1_000; i++) {
    t.ok(outbox.push(message(i), 10, 0))
    if (i % 3 === 2) {
      out.push(outbox.first?.message)
      outbox.shift()
    }
  }
  t.equal(outbox.bytes, (1_000 - out.length) * 10)
  for (let { first } = outbox; first !== undefined; first = outbox.first) {
    out.push(first.message)
    outbox.shift()
  }
  t.equal(JSON.stringify(out), JSON.stringify(Array.from({ length: 1_000 }, (_, i) => message(i))))
  t.ok(outbox.isEmpty)
  t.equal(outbox.bytes, 0)
  t.end()
})

void t.test('bounded in bytes, and counted with what waits elsewhere', t => {
  const all = { bytes: 1_000 }
  const outbox = new Outbox(all)
  t.ok(outbox.push(message(1), outboxBytesMax - 10, 0))
  t.notOk(outbox.push(message(2), 11, 0))
  t.ok(outbox.push(message(3), 10, 0))
  t.equal(outbox.bytes, outboxBytesMax)
  t.equal(all.bytes, 1_000 + outboxBytesMax)
  outbox.shift()
  t.equal(all.bytes, 1_010)
  outbox.clear()
  t.ok(outbox.isEmpty && outbox.bytes === 0)
  t.equal(all.bytes, 1_000)
  t.end()
})

void t.test('what waited for more than a second is outdated', t => {
  const outbox = new Outbox()
  for (let i = 0; i < 10; i++) outbox.push(message(i), 10, i * 200)
  t.equal(outbox.dropOutdated(1_000), 0)
  t.equal(outbox.dropOutdated(1_500), 3)
  t.same(outbox.first?.message, message(3))
  t.equal(outbox.bytes, 70)
  t.equal(outbox.dropOutdated(10_000), 7)
  t.end()
})

function drained(outbox: Outbox): unknown[] {
  const out: unknown[] = []
  for (let { first } = outbox; first !== undefined; first = outbox.first) {
    out.push(first.message)
    outbox.shift()
  }
  return out
}

void t.test('what is urgent goes first, then what was lost, then the rest, each in its order', t => {
  const outbox = new Outbox()
  const heartbeat = { ...bulkMessage(1, 9, 0), entries: [] } as WireMessage
  const lost = (requestId: number) => ({
    message: message(requestId),
    bytes: 10,
    queuedAtMs: 0,
    parted: null,
    losses: 0,
  })
  outbox.push(message(1), 10, 0)
  outbox.push(bulkMessage(1, 2, 5), 10, 0)
  outbox.pushAgain(lost(3))
  outbox.pushAgain(lost(4))
  outbox.push(peerMessage(1, 5), 10, 0)
  outbox.push(heartbeat, 10, 0)
  outbox.pushAgain({ ...lost(0), message: peerMessage(1, 6) })
  t.equal(outbox.urgentBytes, 30)
  t.equal(outbox.bytes, 70)
  t.same(outbox.firstUrgent?.message, peerMessage(1, 5))
  const expected = [peerMessage(1, 5), heartbeat, peerMessage(1, 6), message(3), message(4), message(1)]
  t.equal(JSON.stringify(drained(outbox)), JSON.stringify([...expected, bulkMessage(1, 2, 5)]))
  t.same([outbox.bytes, outbox.urgentBytes], [0, 0])
  t.end()
})

void t.test('a message in fragments: all of them, none larger than there is room, and the message again', t => {
  const outbox = new Outbox()
  const whole = bulkMessage(1, 3, 10_000)
  t.ok(outbox.pushParted(whole, messageBytes(whole), 77, 1_136, 5))
  t.equal(outbox.first?.queuedAtMs, 5)
  const record = outbox.first?.parted
  const fragments: Fragment[] = []
  for (let { first } = outbox; first !== undefined; first = outbox.first) {
    t.ok(first.bytes <= 1_136 && first.parted === record)
    t.equal(first.bytes, fragmentOverheadBytes + (first.message as Fragment).bytes.length)
    fragments.push(first.message as Fragment)
    outbox.shift()
  }
  t.equal(fragments.length, Math.ceil(messageBytes(whole) / (1_136 - fragmentOverheadBytes)), 'as few as possible')
  t.ok(
    fragments.every(({ messageId, count, index }, i) => messageId === 77 && count === fragments.length && index === i),
  )
  const decoded = decodeWholeMessage('peer', 1, Buffer.concat(fragments.map(({ bytes }) => bytes)))
  t.match(decoded, { type: 'AppendEntries', prevLogIndex: 3 })
  t.end()
})

void t.test('no fragment is taken where not all have room', t => {
  const outbox = new Outbox()
  outbox.push(message(1), outboxBytesMax - 10_100, 0)
  const whole = bulkMessage(1, 3, 10_000)
  t.notOk(outbox.pushParted(whole, messageBytes(whole), 1, 1_136, 0))
  t.equal(outbox.bytes, outboxBytesMax - 10_100)
  t.end()
})

void t.test('with one fragment outdated the others are abandoned', t => {
  const outbox = new Outbox()
  const whole = bulkMessage(1, 3, 3_000)
  outbox.pushParted(whole, messageBytes(whole), 1, 1_136, 0)
  const { parted } = outbox.first!
  outbox.shift()
  t.notOk(parted?.isAbandoned)
  t.equal(outbox.dropOutdated(1_001), 2)
  t.ok(parted?.isAbandoned)
  t.end()
})
