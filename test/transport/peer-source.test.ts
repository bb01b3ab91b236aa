import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { atHomeMs, PeerSource } from '../../src/transport/peer-source.js'

const own = addressOf('10.0.0.2', 7001)
const other = addressOf('10.0.0.2', 40_000)

void t.test('who is heard at its own address is heard nowhere else', t => {
  const source = new PeerSource(own)
  t.equal(source.heard(addressOf('10.0.0.2', 7001), 0), 'yes')
  t.equal(source.heard(other, 1), 'no')
  t.equal(source.heard(own, atHomeMs - 1), 'yes')
  t.equal(source.heard(other, 2 * atHomeMs - 2), 'no')
  t.end()
})

void t.test('who is not speaks from anywhere, until it is back', t => {
  const source = new PeerSource(own)
  t.equal(source.heard(other, 0), 'yes', 'a published port of a container')
  t.equal(source.heard(addressOf('10.0.0.3', 7001), 1), 'yes')
  t.equal(source.heard(own, 2), 'returned')
  t.equal(source.heard(own, 3), 'yes')
  t.equal(source.heard(other, 4), 'no')
  t.equal(source.heard(other, 3 + atHomeMs), 'yes', 'silent for so long')
  t.equal(source.heard(own, 4 + atHomeMs), 'returned')
  t.end()
})
