import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Fragment } from '../../codec/fragment.js'
import { fragmentsMax, messageBytesMax } from '../../codec/limits.js'
import { Prng } from '../../src/base/prng.js'
import { fragmentsOf } from '../../src/transport/fragments.js'
import {
  fragmentChargeBytes,
  linkReassemblyBytesMax,
  Reassembly,
  reassemblyMsMax,
  unfinishedMax,
} from '../../src/transport/reassembly.js'
import { ReassemblyBudget, reassemblyBytesMax } from '../../src/transport/reassembly-budget.js'

/** A message that no other is like. */
function messageOf(messageId: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (messageId * 31 + at * 7 + (at >>> 8)) % 256)
}

function fragment(messageId: number, count: number, index: number, length = 10): Fragment {
  return { type: 'Fragment', messageId, count, index, bytes: new Uint8Array(length).fill(index + 1) }
}

function newReassembly(budget = new ReassemblyBudget()): { budget: ReassemblyBudget; reassembly: Reassembly } {
  return { budget, reassembly: new Reassembly('10.0.0.1', budget) }
}

function isEmpty(reassembly: Reassembly, budget: ReassemblyBudget): boolean {
  return reassembly.bytes === 0 && reassembly.unfinished === 0 && budget.bytes === 0
}

void t.test('a message is whole when its last missing fragment comes, whichever that is', t => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const { budget, reassembly } = newReassembly()
    const message = messageOf(5, 29)
    const fragments = fragmentsOf(message, 5, 10)
    t.equal(reassembly.take(fragments[order[0]!]!, 0), null)
    t.equal(reassembly.unfinished, 1)
    t.equal(reassembly.take(fragments[order[1]!]!, 0), null)
    t.equal(budget.bytes, reassembly.bytes)
    t.ok(reassembly.bytes > 19)
    t.strictSame(reassembly.take(fragments[order[2]!]!, 0), message)
    t.ok(isEmpty(reassembly, budget))
  }
  t.end()
})

void t.test('a piece is copied out of a datagram that is much larger, and keeps one that it fills', t => {
  for (const [besideBytes, isCopied] of [
    [fragmentChargeBytes + 1, true],
    [fragmentChargeBytes, false],
  ] as const) {
    const { reassembly } = newReassembly()
    const message = messageOf(1, 20)
    const [first, second] = fragmentsOf(message, 1, 10)
    const datagram = new Uint8Array(besideBytes + 10)
    datagram.set(first!.bytes, besideBytes)
    reassembly.take({ ...first!, bytes: datagram.subarray(besideBytes) }, 0)
    datagram.fill(0)
    const whole = reassembly.take(second!, 0)
    t.equal((whole as Uint8Array)[1] === message[1], isCopied)
  }
  t.end()
})

void t.test('copies change nothing, before and after the end', t => {
  const { budget, reassembly } = newReassembly()
  const [first, second] = fragmentsOf(messageOf(1, 20), 1, 10)
  reassembly.take(first!, 0)
  const { bytes } = reassembly
  t.equal(reassembly.take({ ...first!, bytes: first!.bytes.slice() }, 0), 'duplicate-fragment')
  t.equal(reassembly.bytes, bytes)
  t.type(reassembly.take(second!, 0), Uint8Array)
  t.equal(reassembly.take(first!, 0), 'late-fragment')
  t.equal(reassembly.take(second!, 0), 'late-fragment')
  t.ok(isEmpty(reassembly, budget), 'nothing was begun anew')
  t.end()
})

void t.test('U08: what contradicts an earlier fragment is dropped, and the first is believed', t => {
  const { reassembly } = newReassembly()
  const message = messageOf(1, 30)
  const [first, second, third] = fragmentsOf(message, 1, 10)
  reassembly.take(first!, 0)
  t.equal(reassembly.take({ ...first!, bytes: messageOf(2, 10) }, 0), 'contradictory-fragment', 'other bytes')
  t.equal(reassembly.take({ ...first!, bytes: first!.bytes.subarray(1) }, 0), 'contradictory-fragment', 'fewer')
  t.equal(reassembly.take({ ...second!, count: 2 }, 0), 'contradictory-fragment', 'another count')
  t.equal(reassembly.take({ ...second!, count: 4 }, 0), 'contradictory-fragment')
  reassembly.take(second!, 0)
  t.strictSame(reassembly.take(third!, 0), message)
  t.end()
})

void t.test('a message larger than any may be goes as a whole, and stays away', t => {
  const { budget, reassembly } = newReassembly()
  const each = Math.floor(messageBytesMax / 4)
  for (let index = 0; index < 4; index++) t.equal(reassembly.take(fragment(1, 6, index, each), 0), null)
  t.equal(reassembly.take(fragment(1, 6, 4, messageBytesMax - 4 * each + 1), 0), 'message-too-large')
  t.ok(isEmpty(reassembly, budget))
  t.equal(reassembly.givenUp, 1)
  t.equal(reassembly.take(fragment(1, 6, 5), 0), 'late-fragment')
  t.ok(isEmpty(reassembly, budget))
  const largest = messageOf(2, messageBytesMax)
  const fragments = fragmentsOf(largest, 2, Math.ceil(messageBytesMax / fragmentsMax))
  t.ok(fragments.length > fragmentsMax * 0.9)
  for (const piece of fragments.slice(1)) if (reassembly.take(piece, 0) !== null) t.fail(`piece ${piece.index}`)
  const whole = reassembly.take(fragments[0]!, 0)
  t.ok(whole instanceof Uint8Array && Buffer.compare(whole, largest) === 0, 'the largest one, in the smallest pieces')
  t.end()
})

void t.test('a message that got nothing new for some seconds is given up', t => {
  const { budget, reassembly } = newReassembly()
  reassembly.take(fragment(1, 3, 0), 1_000)
  reassembly.take(fragment(2, 3, 0), 2_000)
  reassembly.take(fragment(1, 3, 1), 3_000)
  t.equal(reassembly.take(fragment(1, 3, 1), 3_000 + reassemblyMsMax - 1), 'duplicate-fragment', 'a copy is no news')
  t.equal(reassembly.unfinished, 1, 'the second went with the next fragment')
  reassembly.expire(3_000 + reassemblyMsMax - 1)
  t.equal(reassembly.unfinished, 1)
  reassembly.expire(3_000 + reassemblyMsMax)
  t.ok(isEmpty(reassembly, budget))
  t.equal(reassembly.givenUp, 2)
  t.equal(reassembly.take(fragment(1, 3, 2), 9_000), 'late-fragment')
  t.equal(reassembly.take(fragment(2, 3, 1), 9_000), 'late-fragment')
  t.equal(reassembly.take(fragment(3, 3, 1), 9_000), null)
  t.end()
})

void t.test('of too many messages the one that is silent for longest makes room', t => {
  const { reassembly } = newReassembly()
  for (let id = 1; id <= unfinishedMax; id++) reassembly.take(fragment(id, 3, 0), id)
  reassembly.take(fragment(1, 3, 1), unfinishedMax + 1)
  reassembly.take(fragment(unfinishedMax + 1, 2, 0), unfinishedMax + 2)
  t.equal(reassembly.unfinished, unfinishedMax)
  t.equal(reassembly.givenUp, 1)
  t.equal(reassembly.take(fragment(2, 3, 1), unfinishedMax + 2), 'late-fragment', 'that was the second')
  t.type(reassembly.take(fragment(1, 3, 2), unfinishedMax + 2), Uint8Array, 'and not the first, which had news')
  t.end()
})

void t.test('the bytes of one sender are bounded, whatever its pieces look like', t => {
  for (const pieceBytes of [1, 1_100, 20_000]) {
    const { budget, reassembly } = newReassembly()
    const perMessage = Math.min(fragmentsMax, Math.floor(messageBytesMax / pieceBytes)) - 1
    for (let sent = 0, nowMs = 0; sent < 2 * linkReassemblyBytesMax; nowMs += 0.01) {
      const number = Math.floor(sent / (pieceBytes + fragmentChargeBytes))
      const piece = fragment(1 + Math.floor(number / perMessage), perMessage + 1, number % perMessage, pieceBytes)
      const taken = reassembly.take(piece, nowMs)
      if (taken !== null) t.fail(`${String(taken)} of message ${piece.messageId}, ${piece.index}`)
      if (reassembly.bytes > linkReassemblyBytesMax) t.fail(`${reassembly.bytes} bytes`)
      if (reassembly.bytes !== budget.bytes) t.fail('the budget knows what is held')
      sent += pieceBytes + fragmentChargeBytes
    }
    t.ok(reassembly.bytes > linkReassemblyBytesMax / 2, `${reassembly.bytes} of pieces of ${pieceBytes}`)
    t.ok(reassembly.givenUp > 0)
    reassembly.clear()
    t.ok(isEmpty(reassembly, budget))
  }
  t.end()
})

void t.test('a sender makes room of its own messages, never of another one’s of its host', t => {
  const budget = new ReassemblyBudget(10_000)
  const [a, b] = [new Reassembly('10.0.0.1', budget), new Reassembly('10.0.0.1', budget)]
  const each = 3_000 - fragmentChargeBytes
  a.take(fragment(1, 3, 0, each), 0)
  a.take(fragment(2, 3, 0, each), 1)
  b.take(fragment(1, 3, 0, each), 2)
  t.equal(b.take(fragment(2, 3, 0, each), 3), null, 'the older of its two went')
  t.strictSame([a.unfinished, b.unfinished, budget.bytes], [2, 1, 9_000])
  t.equal(b.take(fragment(1, 3, 1, each), 4), 'late-fragment')
  t.equal(b.take(fragment(2, 3, 1, each), 5), 'reassembly-full', 'its only one cannot grow: others hold the rest')
  t.strictSame([a.unfinished, b.unfinished, budget.bytes], [2, 0, 6_000], 'and without this piece it is lost')
  t.equal(b.take(fragment(2, 3, 2, 1), 6), 'late-fragment')
  t.equal(a.take(fragment(1, 3, 1, each), 7), null)
  t.equal(a.take(fragment(3, 3, 0, each), 8), null, 'a gives up its second')
  t.equal(a.take(fragment(2, 3, 1, each), 9), 'late-fragment')
  t.equal(a.take(fragment(3, 3, 1, 9_600), 10), 'reassembly-full', 'more than all there is')
  t.equal(a.unfinished, 1, 'for which nothing else is sacrificed')
  a.clear()
  t.equal(budget.bytes, 0)
  t.end()
})

void t.test('it says when its oldest message is due to be given up', t => {
  const { budget, reassembly } = newReassembly()
  t.equal(reassembly.expiresAtMs, Infinity)
  reassembly.take(fragment(1, 3, 0), 10)
  reassembly.take(fragment(2, 2, 0), 20)
  t.equal(reassembly.expiresAtMs, 10 + reassemblyMsMax)
  reassembly.take(fragment(1, 3, 1), 30)
  t.equal(reassembly.expiresAtMs, 20 + reassemblyMsMax, 'there is news of the other one')
  reassembly.expire(reassembly.expiresAtMs)
  t.strictSame([reassembly.unfinished, reassembly.expiresAtMs], [1, 30 + reassemblyMsMax])
  reassembly.expire(reassembly.expiresAtMs)
  t.equal(reassembly.expiresAtMs, Infinity)
  t.ok(isEmpty(reassembly, budget))
  t.end()
})

void t.test('a sender that starts anew begins its ids anew', t => {
  const { budget, reassembly } = newReassembly()
  const message = messageOf(1, 20)
  for (const piece of fragmentsOf(message, 1, 10)) reassembly.take(piece, 0)
  reassembly.take(fragment(2, 2, 0), 0)
  reassembly.clear()
  t.ok(isEmpty(reassembly, budget))
  const [first, second] = fragmentsOf(message, 1, 10)
  t.equal(reassembly.take(first!, 0), null)
  t.strictSame(reassembly.take(second!, 0), message)
  t.equal(reassembly.take(fragment(2, 2, 1), 0), null, 'what had come of the second is gone')
  t.end()
})

interface Network {
  readonly seed: number
  readonly sizes: readonly number[]
  readonly pieceBytes: number
  readonly lossShare: number
  readonly copyShare: number
  readonly budgetBytes: number
}

const network: fc.Arbitrary<Network> = fc.record({
  seed: fc.nat(),
  sizes: fc.array(fc.integer({ min: 21, max: 600 }), { minLength: 1, maxLength: 30 }),
  pieceBytes: fc.integer({ min: 1, max: 20 }),
  lossShare: fc.constantFrom(0, 0.1, 0.5),
  copyShare: fc.constantFrom(0, 0.2),
  budgetBytes: fc.constantFrom(reassemblyBytesMax, 60_000, 5_000),
})

/** Two senders' messages, their fragments mixed, lost, copied and repeated until all have arrived at least once. */
function play({ seed, sizes, pieceBytes, lossShare, copyShare, budgetBytes }: Network): void {
  const random = new Prng(seed, 1)
  const budget = new ReassemblyBudget(budgetBytes)
  const senders = [0, 1].map(number => ({
    reassembly: new Reassembly('10.0.0.1', budget),
    messages: new Map(sizes.map((size, at) => [at + 1, messageOf(number * 1_000 + at, size)])),
    delivered: new Set<number>(),
    arrivals: 0,
  }))
  const waiting = senders.flatMap(sender =>
    [...sender.messages].flatMap(([id, bytes]) => fragmentsOf(bytes, id, pieceBytes).map(piece => ({ sender, piece }))),
  )
  for (let nowMs = 0; waiting.length > 0; nowMs++) {
    // The next ones are near the beginning: order is not kept, and not thrown away.
    const at = Math.min(waiting.length - 1, random.below(40))
    const { sender, piece } = waiting[at]!
    const isLost = random.fraction() < lossShare
    if (!isLost && random.fraction() >= copyShare) waiting.splice(at, 1)
    if (isLost) continue
    const taken = sender.reassembly.take(piece, nowMs / 10)
    if (taken instanceof Uint8Array) {
      assert.ok(!sender.delivered.has(piece.messageId), 'delivered once')
      assert.deepEqual(taken, sender.messages.get(piece.messageId), 'as it was sent')
      sender.delivered.add(piece.messageId)
    }
    assert.ok(budget.bytes <= budget.bytesMax, 'the budget holds')
    assert.equal(senders[0]!.reassembly.bytes + senders[1]!.reassembly.bytes, budget.bytes, 'and is counted right')
  }
  for (const { reassembly, delivered } of senders) {
    assert.equal(delivered.size + reassembly.givenUp, sizes.length, 'each message was delivered or given up')
    if (budgetBytes === reassemblyBytesMax) assert.equal(reassembly.givenUp, 0, 'and without need none is given up')
    assert.equal(reassembly.unfinished, 0)
  }
  assert.equal(budget.bytes, 0, 'nothing is held in the end')
}

void t.test('U08: mixed, lost, copied and repeated: each message whole or not at all, once, within the budget', t => {
  fc.assert(fc.property(network, play), { seed: 11, numRuns: 300 })
  t.end()
})

void t.test('U08: any fragments of a stranger: bounded, nothing but whole messages, nothing left behind', t => {
  const strange: fc.Arbitrary<Fragment> = fc.integer({ min: 2, max: 5 }).chain(count =>
    fc.record({
      type: fc.constant('Fragment' as const),
      messageId: fc.oneof(
        fc.integer({ min: 1, max: 6 }),
        fc.maxSafeInteger().filter(id => id > 0),
      ),
      count: fc.constant(count),
      index: fc.nat(count - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(strange, { maxLength: 200 }), fragments => {
      const budget = new ReassemblyBudget(4_000)
      const reassembly = new Reassembly('10.0.0.1', budget)
      for (const [at, piece] of fragments.entries()) {
        const taken = reassembly.take(piece, at * 50)
        if (taken instanceof Uint8Array) assert.ok(taken.length >= piece.count)
        assert.ok(budget.bytes <= 4_000 && budget.bytes === reassembly.bytes)
      }
      reassembly.expire(fragments.length * 50 + reassemblyMsMax)
      assert.ok(isEmpty(reassembly, budget))
    }),
    { seed: 12, numRuns: 500 },
  )
  t.end()
})
