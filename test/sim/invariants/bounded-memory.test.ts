import t from 'tap'
import { BoundedMemory } from '../../../src/sim/invariants/bounded-memory.js'
import { heldMessagesMax } from '../../../src/raft/held-appends.js'
import { outboxBytesMax } from '../../../src/transport/outbox.js'
import { linkReassemblyBytesMax } from '../../../src/transport/reassembly.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeNetwork } from '../../support/fake-network.js'
import { peerMessage, twoServers } from '../../support/transports.js'

function enter() {
  const clock = new FakeClock(1_000)
  const { a, b, toB } = twoServers(new FakeNetwork(clock))
  const memory = new BoundedMemory()
  const links = [...a.transport.links]
  return { clock, a, b, toB, links, link: links[0]!, check: () => memory.checkLinks('s1', links, 100_000), memory }
}

const broken = (message: RegExp) => ({ invariant: 'Bounded Memory', message })

void t.test('what waits, what is in flight and what is half received are held against their bounds', t => {
  const { link, check } = enter()
  check()
  link.outbox.bytes = outboxBytesMax + 100_001
  t.throws(check, broken(/^s1 to .*: bytes that wait: 8488609, the bound is 8488608$/))
  link.outbox.bytes = 0
  link.sent.inFlightBytes = 1
  t.throws(check, broken(/: 0 datagrams of 1 bytes are in flight$/))
  link.sent.inFlightBytes = 0
  link.reassembly.bytes = linkReassemblyBytesMax + 1
  t.throws(check, broken(/: bytes of unfinished messages: /))
  link.reassembly.bytes = 1
  t.throws(check, broken(/: 0 unfinished messages hold 1 bytes$/))
  link.reassembly.bytes = 0
  link.reassembly['budget'].bytes = 5
  t.throws(check, broken(/: unfinished messages hold 0 bytes, 5 are counted$/))
  link.reassembly['budget'].bytes = 0
  link.outbox['all'].bytes = 7
  t.throws(check, broken(/: 0 bytes wait, 7 are counted$/))
  t.end()
})

void t.test('what was sent long ago is not remembered', t => {
  const { clock, a, toB, link, check } = enter()
  for (let round = 0; round < 100; round++) {
    a.transport.send(toB, peerMessage(1, round))
    a.transport.flush()
    clock.runFor(250)
    check()
  }
  Object.defineProperty(link.sent, 'watched', { get: () => 45 })
  a.transport.send(toB, peerMessage(1, 1_000))
  a.transport.flush()
  t.throws(check, broken(/: datagrams remembered: 45, the bound is 4\d$/))
  t.end()
})

void t.test('what a follower holds, and what a client keeps', t => {
  const { memory } = enter()
  const append = peerMessage(1, 1)
  memory.checkGap('s2', null)
  memory.checkGap('s2', { prevLogIndex: 1, rejectMs: 0, held: [], heldBytes: 0 })
  t.throws(() => memory.checkGap('s2', { prevLogIndex: 1, rejectMs: 0, held: [], heldBytes: 1 }), broken(/0 bytes, 1/))
  const held = Array.from({ length: heldMessagesMax + 1 }, () => append as never)
  t.throws(
    () => memory.checkGap('s2', { prevLogIndex: 1, rejectMs: 0, held, heldBytes: 0 }),
    broken(/held messages: 257/),
  )
  memory.checkPending('c1', 3, 2)
  t.throws(() => memory.checkPending('c1', 4, 2), broken(/^c1: requests kept: 4, the bound is 3$/))
  t.end()
})
