import t from 'tap'
import { addressOf, isLoopback, isWildcard, parseAddress, parseHostPort } from '../../src/transport/address.js'
import { lookupAddress } from '../../src/transport/address-lookup.js'

void t.test('HOST:PORT, with brackets around what has colons', t => {
  t.same(parseHostPort('127.0.0.1:7401'), { host: '127.0.0.1', port: 7401 })
  t.same(parseHostPort('raft-1.example:0'), { host: 'raft-1.example', port: 0 })
  t.same(parseHostPort('[::1]:65535'), { host: '::1', port: 65_535 })
  t.same(parseHostPort('[fe80::1%eth0]:1'), { host: 'fe80::1%eth0', port: 1 })
  for (const bad of [
    '',
    ':1',
    'a',
    'a:',
    'a:b',
    'a:65536',
    'a:-1',
    'a:1e3',
    '::1:7',
    '[::1]',
    '[a]:1',
    'a b:1',
    '[]:1',
  ]) {
    t.equal(parseHostPort(bad), null, bad)
  }
  t.end()
})

void t.test('one spelling and one key for an address', t => {
  t.same(addressOf('10.0.0.1', 7), { host: '10.0.0.1', port: 7, key: '10.0.0.1:7' })
  t.same(addressOf('0:0:0:0:0:0:0:1', 7), { host: '::1', port: 7, key: '[::1]:7' })
  t.equal(parseAddress('[2001:DB8:0::A]:5')?.key, '[2001:db8::a]:5')
  t.equal(addressOf('fe80::1%eth0', 5).key, '[fe80::1%eth0]:5')
  t.equal(parseAddress('localhost:5'), null, 'names are looked up elsewhere')
  t.throws(() => addressOf('localhost', 5), RangeError)
  t.throws(() => addressOf('::1', 65_536), RangeError)
  t.throws(() => addressOf('::1', 1.5), RangeError)
  t.end()
})

void t.test('which addresses stay on this machine', t => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) t.ok(isLoopback({ host }), host)
  for (const host of ['128.0.0.1', '10.0.0.1', '::', '0.0.0.0', 'fd00::127']) t.notOk(isLoopback({ host }), host)
  t.ok(isWildcard({ host: '::' }) && isWildcard({ host: '0.0.0.0' }))
  t.notOk(isWildcard({ host: '::1' }))
  t.end()
})

void t.test('U13: literals and names are looked up; nonsense is one clear value', t => {
  let got = false
  lookupAddress('127.0.0.1:80', (error, address) => {
    got = true
    t.same([error, address], [null, addressOf('127.0.0.1', 80)])
  })
  t.ok(got, 'at once: nobody was asked')
  lookupAddress('nonsense', (error, address) => {
    t.same([error?.message, address], ['not HOST:PORT: nonsense', null])
  })
  lookupAddress('localhost:80', (error, address) => {
    t.equal(error, null)
    t.ok(address !== null && isLoopback(address) && address.port === 80)
    t.end()
  })
})
