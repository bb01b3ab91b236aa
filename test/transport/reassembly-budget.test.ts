import fc from 'fast-check'
import t from 'tap'
import type { Fragment } from '../../codec/fragment.js'
import { fragmentChargeBytes, Reassembly } from '../../src/transport/reassembly.js'
import { ReassemblyBudget } from '../../src/transport/reassembly-budget.js'

/** A piece of a message of three that is charged with `chargedBytes`. */
function piece(messageId: number, index: number, chargedBytes = 1_000): Fragment {
  return { type: 'Fragment', messageId, count: 3, index, bytes: new Uint8Array(chargedBytes - fragmentChargeBytes) }
}

void t.test('regression_one_host_held_the_memory_of_all: however many ports it speaks on, others have room', t => {
  const budget = new ReassemblyBudget(10_000)
  const ports = Array.from({ length: 10 }, () => new Reassembly('10.0.0.66', budget))
  for (const [at, port] of ports.entries()) t.equal(port.take(piece(1, 0), at), null)
  const client = new Reassembly('10.0.0.1', budget)
  for (const index of [0, 1]) t.equal(client.take(piece(1, index), 20), null)
  t.strictSame(
    ports.map(({ unfinished }) => unfinished),
    [0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
    'what was silent for longest went',
  )
  t.equal(ports[0]!.take(piece(1, 1), 21), 'late-fragment')
  t.equal(ports[0]!.take(piece(2, 0), 22), 'reassembly-full', 'nor does it take anything back')
  t.strictSame([client.unfinished, budget.bytes], [1, 10_000])
  t.ok(client.take(piece(1, 2), 23) instanceof Uint8Array, 'the largest of all gives room for the last piece as well')
  t.end()
})

void t.test('of hosts that would hold alike none makes room for the other', t => {
  const budget = new ReassemblyBudget(6_000)
  const [a, b] = [new Reassembly('10.0.0.1', budget), new Reassembly('10.0.0.2', budget)]
  for (const index of [0, 1]) for (const each of [a, b]) t.equal(each.take(piece(1, index), index), null)
  t.equal(a.take(piece(2, 0), 2), null)
  t.equal(b.take(piece(2, 0), 3), null)
  t.equal(b.take(piece(2, 1), 4), null, 'its own first message goes')
  t.strictSame([a.unfinished, b.unfinished], [2, 1])
  t.end()
})

void t.test(
  'whatever hosts send, books are kept, the bound holds, and who has a fair share or less loses nothing',
  t => {
    const hosts = 4
    const bytesMax = 12_000
    const step = fc.record({ host: fc.nat(hosts - 1), port: fc.nat(2), messageId: fc.nat(5), index: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const budget = new ReassemblyBudget(bytesMax)
        const senders = Array.from(
          { length: hosts * 3 },
          (_, at) => new Reassembly(`10.0.0.${Math.floor(at / 3)}`, budget),
        )
        const heldBy = (host: number) => senders.slice(3 * host, 3 * host + 3)
        const sum = (some: readonly Reassembly[], of: 'bytes' | 'givenUp') =>
          some.reduce((all, one) => all + one[of], 0)
        for (const [nowMs, { host, port, messageId, index }] of steps.entries()) {
          const before = Array.from({ length: hosts }, (_, at) => ({
            bytes: sum(heldBy(at), 'bytes'),
            givenUp: sum(heldBy(at), 'givenUp'),
          }))
          senders[3 * host + port]!.take(piece(messageId, index), nowMs)
          if (budget.bytes !== sum(senders, 'bytes') || budget.bytes > bytesMax) return false
          for (const [at, { bytes, givenUp }] of before.entries()) {
            const hasLost = sum(heldBy(at), 'givenUp') > givenUp
            if (at !== host && hasLost && bytes <= bytesMax / hosts) return false
          }
        }
        for (const sender of senders) sender.clear()
        return budget.bytes === 0
      }),
      { numRuns: 500, seed: 1 },
    )
    t.end()
  },
)
