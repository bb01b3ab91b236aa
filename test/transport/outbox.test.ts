import t from 'tap'
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

void t.test('bounded in bytes', t => {
  const outbox = new Outbox()
  t.ok(outbox.push(message(1), outboxBytesMax - 10, 0))
  t.notOk(outbox.push(message(2), 11, 0))
  t.ok(outbox.push(message(3), 10, 0))
  t.equal(outbox.bytes, outboxBytesMax)
  outbox.clear()
  t.ok(outbox.isEmpty && outbox.bytes === 0)
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
