import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { drawAddressTokens } from '../../src/transport/address-tokens.js'

void t.test('a token belongs to one address and one start of the process', t => {
  const tokenOf = drawAddressTokens()
  const here = addressOf('192.0.2.1', 5)
  const token = tokenOf(here)
  t.equal(tokenOf(addressOf('192.0.2.1', 5)), token)
  t.ok(Number.isSafeInteger(token) && token >= 1 && token < 2 ** 52)
  t.not(tokenOf(addressOf('192.0.2.1', 6)), token)
  t.not(tokenOf(addressOf('192.0.2.2', 5)), token)
  t.not(drawAddressTokens()(here), token)
  t.end()
})

void t.test('all 52 bits are used', t => {
  const tokenOf = drawAddressTokens()
  const tokens = Array.from({ length: 4_000 }, (_, i) => tokenOf(addressOf('192.0.2.1', i)))
  t.equal(new Set(tokens).size, tokens.length)
  for (let bit = 0; bit < 52; bit++) {
    const ones = tokens.filter(token => Math.floor(token / 2 ** bit) % 2 === 1).length
    t.ok(ones > 1_700 && ones < 2_300, `bit ${bit}: ${ones} of 4,000`)
  }
  t.end()
})
