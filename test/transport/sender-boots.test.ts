import t from 'tap'
import { deafMsMax, SenderBoots } from '../../src/transport/sender-boots.js'

void t.test('Z03: a boot that acknowledges something newer takes over, and the former is refused', t => {
  const boots = new SenderBoots()
  t.ok(boots.accept(1, 10, false, 0))
  t.notOk(boots.accept(1, 10, false, 0), 'a copy')
  t.ok(boots.accept(1, 12, true, 0))
  t.equal(boots.highestReceived, 12)
  t.ok(boots.accept(2, 7, false, 0), 'just started: heard before it can prove anything')
  t.equal(boots.highestReceived, 7, 'and acknowledged, or it never could')
  t.notOk(boots.accept(2, 7, false, 0))
  t.ok(boots.accept(1, 11, false, 0), 'the boot before still counts as the living one')
  t.ok(boots.accept(2, 8, true, 0))
  t.notOk(boots.accept(1, 13, false, 0), 'a late datagram of the boot before')
  t.equal(boots.highestReceived, 8, 'changes nothing')
  t.end()
})

void t.test('Z03: a recording never locks the living boot out', t => {
  const boots = new SenderBoots()
  t.ok(boots.accept(9, 100, false, 0), 'first heard is a recording of a boot unknown to this process')
  t.ok(boots.accept(1, 1, false, 0), 'the living one is heard nevertheless')
  t.ok(boots.accept(1, 2, true, 0))
  t.notOk(boots.accept(9, 101, false, 0), 'now the recording is a former boot')
  for (let packet = 3; packet < 50; packet++) {
    t.ok(boots.accept(1, packet, packet % 2 === 0, 0))
    t.ok(boots.accept(1_000 + packet, 1, false, 0), 'recordings of other unknown boots displace nobody')
  }
  t.end()
})

void t.test('a boot taken for dead comes back by its next acknowledgement', t => {
  const boots = new SenderBoots()
  boots.accept(1, 1, true, 0)
  boots.accept(2, 1, true, 0)
  t.notOk(boots.accept(1, 2, false, 0))
  t.ok(boots.accept(1, 3, true, 0))
  t.notOk(boots.accept(2, 2, false, 0))
  t.ok(boots.accept(1, 4, false, 0))
  t.end()
})

void t.test('eight former boots are remembered', t => {
  const boots = new SenderBoots()
  for (let boot = 1; boot <= 10; boot++) t.ok(boots.accept(boot, 1, true, 0))
  for (let boot = 2; boot <= 9; boot++) t.notOk(boots.accept(boot, 99, false, 0), `boot ${boot}`)
  t.ok(boots.accept(1, 99, false, 0), 'the ninth was forgotten')
  t.ok(boots.accept(10, 2, false, 0))
  t.end()
})

void t.test('what is acknowledged is of the boot heard last', t => {
  const boots = new SenderBoots()
  t.same([boots.heardNonce, boots.highestReceived, boots.bitsBelow(0)], [0, 0, 0])
  for (const number of [10, 12, 13, 45]) boots.accept(1, number, true, 0)
  t.same([boots.heardNonce, boots.bitsBelow(45)], [1, 2 ** 31 + 0])
  t.equal(boots.bitsBelow(14), 0b1011)
  boots.accept(2, 45, false, 0)
  t.same([boots.heardNonce, boots.bitsBelow(45)], [2, 0])
  boots.accept(1, 44, false, 0)
  t.same([boots.heardNonce, boots.bitsBelow(45)], [1, 2 ** 31 + 1])
  t.notOk(boots.accept(1, 44, true, 0), 'a copy changes nothing')
  t.equal(boots.bitsBelow(45), 2 ** 31 + 1)
  t.end()
})

void t.test('a boot of which nothing but too old numbers come is believed anew after a while', t => {
  const boots = new SenderBoots()
  boots.accept(1, 10, true, 0)
  t.ok(boots.accept(1, 2 ** 40, false, 1), 'forged, or the sender has talked to nobody for long')
  t.notOk(boots.accept(1, 11, false, 2))
  t.notOk(boots.accept(1, 11, false, deafMsMax))
  t.ok(boots.accept(1, 12, false, 1 + deafMsMax))
  t.equal(boots.highestReceived, 12)
  t.notOk(boots.accept(1, 12, false, 2 + 2 * deafMsMax), 'a copy is one at any time')
  t.ok(boots.accept(1, 11, false, 2 + deafMsMax))
  t.end()
})
