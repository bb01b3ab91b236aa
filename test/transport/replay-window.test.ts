import fc from 'fast-check'
import t from 'tap'
import { ReplayWindow } from '../../src/transport/replay-window.js'

void t.test('Z03: each number once, in any order, as a set of all numbers would say', t => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -1_023, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2_000, max: 3_000 }) },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 52 }), fc.array(step, { maxLength: 400 }), (first, steps) => {
      const window = new ReplayWindow()
      const seen = new Set<number>()
      let highest = 0
      for (const step of [first, ...steps]) {
        const number = Math.max(1, highest + step)
        const isNew = number > highest - 1_024 && !seen.has(number)
        if (window.accept(number) !== isNew) return false
        if (isNew) seen.add(number)
        highest = Math.max(highest, number)
        if (window.highest !== highest) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.end()
})

void t.test('the edges of the window', t => {
  const window = new ReplayWindow()
  t.ok(window.accept(5_000))
  t.ok(window.accept(5_000 - 1_023))
  t.notOk(window.accept(5_000 - 1_024), 'too old to be told from a copy')
  t.notOk(window.accept(5_000))
  t.ok(window.accept(5_001))
  t.notOk(window.accept(5_001 - 1_024))
  t.ok(window.accept(Number.MAX_SAFE_INTEGER), 'the largest number that an envelope holds')
  t.notOk(window.accept(5_002))
  t.end()
})

void t.test('the bits below a number are those of a set', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 52 }),
      fc.array(fc.integer({ min: -80, max: 50 }), { maxLength: 200 }),
      fc.integer({ min: -1_100, max: 40 }),
      (first, steps, ask) => {
        const window = new ReplayWindow()
        const seen = new Set<number>()
        for (const step of [0, ...steps]) {
          const number = Math.max(1, (window.highest || first) + step)
          if (window.accept(number)) seen.add(number)
        }
        const { highest } = window
        // What is asked for: the two words that an acknowledgement holds, and any other place in the window.
        for (const number of [highest, highest - 32, Math.min(highest, highest + ask)]) {
          if (number - 32 + 1_024 <= highest) {
            if (window.bitsBelow(number) !== 0) return false
            continue
          }
          let expected = 0
          for (let i = 0; i < 32; i++) if (seen.has(number - 1 - i)) expected += 2 ** i
          if (window.bitsBelow(number) !== expected) return false
        }
        return true
      },
    ),
    { numRuns: 1_000, seed: 1 },
  )
  const few = new ReplayWindow()
  for (const number of [1, 2, 5]) few.accept(number)
  t.equal(few.bitsBelow(5), 0b1100, 'there is nothing below one')
  t.equal(few.bitsBelow(5 - 32), 0)
  t.equal(new ReplayWindow().bitsBelow(0), 0)
  t.end()
})
