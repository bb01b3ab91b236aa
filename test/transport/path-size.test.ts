import t from 'tap'
import { addressOf } from '../../src/transport/address.js'
import { smallestInterfaceMtuBytes } from '../../src/transport/interface-mtu.js'
import { datagramBytesMax, pathSizes } from '../../src/transport/path-size.js'

const loopback = addressOf('127.0.0.1', 1)
const wildcard = addressOf('0.0.0.0', 1)
const lan = addressOf('10.0.0.1', 1)
const lan6 = addressOf('fd00::1', 1)

void t.test('U07: the payload follows the path', t => {
  const size = (
    own: typeof lan,
    to: typeof lan,
    smallestMtuBytes: number | null,
    datagramBytes: number | null = null,
  ) => datagramBytesMax(own, to, { smallestMtuBytes, datagramBytes })
  t.equal(size(loopback, loopback, 1_500), 32_768)
  t.equal(size(wildcard, loopback, 1_500), 32_768)
  t.equal(size(lan, loopback, 1_500), 1_472, 'an answer to here may come the long way')
  t.equal(size(wildcard, lan, 1_500), 1_472)
  t.equal(size(wildcard, lan6, 1_500), 1_452)
  t.equal(size(wildcard, lan, 1_400), 1_372)
  t.equal(size(wildcard, lan, 9_000), 1_472, 'jumbo frames must be asked for')
  t.equal(size(wildcard, lan, 576), 1_200)
  t.equal(size(wildcard, lan, null), 1_200)
  t.equal(size(wildcard, lan, 1_500, 8_000), 8_000, 'the operator knows better')
  t.equal(size(loopback, loopback, 1_500, 1_200), 1_200)
  t.end()
})

void t.test('the interfaces of this machine', t => {
  const mtu = smallestInterfaceMtuBytes()
  t.ok(mtu === null || (mtu >= 576 && mtu <= 65_536), `${mtu}`)
  const size = pathSizes(wildcard, null)
  t.ok(size(lan) >= 1_200 && size(lan) <= 1_472)
  t.equal(size(loopback), 32_768)
  t.end()
})
