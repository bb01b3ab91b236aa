import t from 'tap'
import { Acknowledgement, acknowledgementDelayMsMax } from '../../src/transport/acknowledgement.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'

const window = 1_000_000

void t.test('one datagram may wait for company, but from the first on, and not for long', t => {
  const acknowledgement = new Acknowledgement()
  t.equal(acknowledgement.dueAtMs(window), Infinity, 'nothing is owed')
  acknowledgement.owe(100, false, 10)
  t.equal(acknowledgement.dueAtMs(window), 10 + acknowledgementDelayMsMax)
  acknowledgement.owe(100, false, 11)
  t.equal(acknowledgement.dueAtMs(window), 10 + acknowledgementDelayMsMax)
  acknowledgement.given()
  t.equal(acknowledgement.dueAtMs(window), Infinity)
  t.end()
})

void t.test('RFC 9000 section 13.2.1: what is out of order is told at once', t => {
  const acknowledgement = new Acknowledgement()
  acknowledgement.owe(100, false, 10)
  acknowledgement.owe(100, true, 11)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  acknowledgement.given()
  acknowledgement.owe(100, false, 12)
  t.equal(acknowledgement.dueAtMs(window), 12 + acknowledgementDelayMsMax, 'that is over')
  t.end()
})

void t.test('a quarter of the window is told at once, or many datagrams', t => {
  const acknowledgement = new Acknowledgement()
  const quarter = Math.ceil(window / 4 / chargedBytes(50_000))
  for (let i = 1; i < quarter; i++) acknowledgement.owe(50_000, false, 0)
  t.equal(acknowledgement.dueAtMs(window), acknowledgementDelayMsMax)
  acknowledgement.owe(50_000, false, 0)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  t.equal(acknowledgement.dueAtMs(2 * window), acknowledgementDelayMsMax, 'of the window that was promised')
  acknowledgement.given()
  for (let i = 1; i < 8; i++) acknowledgement.owe(0, false, 0)
  t.equal(acknowledgement.dueAtMs(window), acknowledgementDelayMsMax)
  acknowledgement.owe(0, false, 0)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  t.end()
})
