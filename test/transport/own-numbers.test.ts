import t from 'tap'
import { OwnNumbers } from '../../src/transport/own-numbers.js'

void t.test('boots that follow each other number their packets far apart, and know their own', t => {
  const [first, second] = [new OwnNumbers(7, 0), new OwnNumbers(8, 0)]
  t.equal(second.first - first.first, 2 ** 32)
  for (const number of [first.first, first.first + 1, second.first - 1]) {
    t.ok(first.include(number) && !second.include(number), `${number}`)
  }
  t.notOk(first.include(first.first - 1) || first.include(second.first))
  t.end()
})

void t.test('numbers of any boot are whole, above 0 (which numbers nothing), and below 2^53', t => {
  for (const bootNonce of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 48 - 1]) {
    for (const secret of [0, 2 ** 31 - 1, 2 ** 48 - 1]) {
      const { first } = new OwnNumbers(bootNonce, secret)
      t.ok(first > 0 && Number.isSafeInteger(first + 2 ** 32 - 1), `${bootNonce}, ${secret}`)
    }
  }
  t.end()
})

void t.test('where a boot begins in its range does not follow from its nonce', t => {
  const [public0, secret1, secret2] = [0, 123_456_789, 2 ** 31 + 5].map(secret => new OwnNumbers(7, secret))
  t.equal(secret1!.first - public0!.first, 123_456_789)
  t.equal(secret2!.first - public0!.first, 5)
  t.ok(secret1!.include(public0!.first), 'all of the range is its own')
  t.end()
})
