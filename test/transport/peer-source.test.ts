import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { PeerSource } from '../../src/transport/peer-source.js'

const own = addressOf('10.0.0.2', 7001)
const other = addressOf('10.0.0.2', 40_000)

void t.test('who was heard at its own address is heard nowhere else', t => {
  const source = new PeerSource(own)
  t.equal(source.heard(addressOf('10.0.0.2', 7001), true), 'yes')
  t.equal(source.heard(other, false), 'no')
  t.equal(source.heard(own, false), 'yes')
  t.equal(source.heard(other, true), 'no')
  t.end()
})

void t.test('who was not speaks from anywhere, until it does', t => {
  const source = new PeerSource(own)
  t.equal(source.heard(other, true), 'yes', 'a published port of a container')
  t.equal(source.heard(addressOf('10.0.0.3', 7001), false), 'yes')
  t.equal(source.heard(own, true), 'returned')
  t.equal(source.heard(own, true), 'yes')
  t.equal(source.heard(other, true), 'no')
  t.end()
})

void t.test('who acknowledges nothing may come from its own address only as far as a forger says so', t => {
  const source = new PeerSource(own)
  t.equal(source.heard(own, false), 'unproven')
  t.equal(source.heard(other, true), 'yes')
  t.equal(source.heard(own, false), 'unproven')
  t.equal(source.heard(other, true), 'yes')
  t.end()
})
