import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { interfaceMtuBytes } from '../../src/transport/interface-mtu.js'
import { datagramSizes, pathSizes } from '../../src/transport/path-size.js'

const loopback = addressOf('127.0.0.1', 1)
const wildcard = addressOf('0.0.0.0', 1)
const lan = addressOf('10.0.0.1', 1)
const lan6 = addressOf('fd00::1', 1)

void t.test('U07: the sizes that are tried follow the path', t => {
  const sizes = (own: typeof lan, to: typeof lan, mtuBytes: number | null, datagramBytes: number | null = null) =>
    datagramSizes(own, to, { mtuBytes, datagramBytes }).join()
  t.equal(sizes(loopback, loopback, 1_500), '32768')
  t.equal(sizes(wildcard, loopback, 1_500), '32768')
  t.equal(sizes(lan, loopback, 1_500), '1200,1472', 'an answer to here may come the long way')
  t.equal(sizes(wildcard, lan, 1_500), '1200,1472')
  t.equal(sizes(wildcard, lan6, 1_500), '1200,1452')
  t.equal(sizes(wildcard, lan, 1_400), '1200,1372')
  t.equal(sizes(wildcard, lan, 9_000), '1200,1472,8972', 'jumbo frames, if every switch on the way carries them')
  t.equal(sizes(wildcard, lan, 65_535), '1200,1472,32768')
  t.equal(sizes(wildcard, lan, 576), '1200')
  t.equal(sizes(wildcard, lan, null), '1200,1472', 'nothing is known of the interface: Ethernet is tried')
  t.equal(sizes(wildcard, lan, 1_500, 8_000), '8000', 'the operator knows better')
  t.equal(sizes(loopback, loopback, 1_500, 1_200), '1200')
  t.end()
})

void t.test('the interfaces of this machine', t => {
  const mtu = interfaceMtuBytes('0.0.0.0')
  t.ok(mtu === null || (mtu >= 576 && mtu <= 65_536), `${mtu}`)
  const sizes = pathSizes(wildcard, null)
  t.equal(sizes(lan)[0], 1_200)
  t.same(sizes(loopback), [32_768])
  t.end()
})
