import t from 'tap'
import { Acknowledgement, acknowledgementDelayMsMax } from '../../src/transport/acknowledgement.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'

const window = 1_000_000

void t.test('one datagram may wait for company, but from the first on, and not for long', t => {
  const acknowledgement = new Acknowledgement()
  t.equal(acknowledgement.dueAtMs(window), Infinity, 'nothing is owed')
  acknowledgement.owe(1, 100, false, 10)
  t.equal(acknowledgement.dueAtMs(window), 10 + acknowledgementDelayMsMax)
  acknowledgement.owe(1, 100, false, 11)
  t.equal(acknowledgement.dueAtMs(window), 10 + acknowledgementDelayMsMax)
  acknowledgement.given()
  t.equal(acknowledgement.dueAtMs(window), Infinity)
  t.end()
})

void t.test('RFC 9000 section 13.2.1: what is out of order is told at once', t => {
  const acknowledgement = new Acknowledgement()
  acknowledgement.owe(1, 100, false, 10)
  acknowledgement.owe(1, 100, true, 11)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  acknowledgement.given()
  acknowledgement.owe(1, 100, false, 12)
  t.equal(acknowledgement.dueAtMs(window), 12 + acknowledgementDelayMsMax, 'that is over')
  t.end()
})

void t.test('a quarter of the window is told at once, or many datagrams', t => {
  const acknowledgement = new Acknowledgement()
  const quarter = Math.ceil(window / 4 / chargedBytes(50_000))
  for (let i = 1; i < quarter; i++) acknowledgement.owe(1, 50_000, false, 0)
  t.equal(acknowledgement.dueAtMs(window), acknowledgementDelayMsMax)
  acknowledgement.owe(1, 50_000, false, 0)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  t.equal(acknowledgement.dueAtMs(2 * window), acknowledgementDelayMsMax, 'of the window that was promised')
  acknowledgement.given()
  for (let i = 1; i < 8; i++) acknowledgement.owe(1, 0, false, 0)
  t.equal(acknowledgement.dueAtMs(window), acknowledgementDelayMsMax)
  acknowledgement.owe(1, 0, false, 0)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  t.end()
})

void t.test('what is said up to a number settles what came up to it, no matter what came before', t => {
  const acknowledgement = new Acknowledgement()
  for (const number of [200, 30, 210]) acknowledgement.owe(number, 100, true, 10)
  acknowledgement.given(30)
  t.equal(acknowledgement.dueAtMs(window), -Infinity)
  acknowledgement.given(210)
  t.equal(acknowledgement.dueAtMs(window), Infinity)
  acknowledgement.owe(40, 100, true, 11)
  acknowledgement.given(40)
  t.equal(acknowledgement.dueAtMs(window), Infinity, 'a late one alone needs no word of higher ones')
  acknowledgement.owe(900, 100, true, 12)
  acknowledgement.given()
  t.equal(acknowledgement.dueAtMs(window), Infinity, 'whatever a former boot’s numbers were')
  t.end()
})

void t.test('what came below the reach of the highest is named by numbers of its own, lowest first', t => {
  const acknowledgement = new Acknowledgement()
  const come = (number: number) => {
    acknowledgement.owe(number, 100, false, 0)
  }
  for (let number = 1; number <= 65; number++) come(number)
  t.same(acknowledgement.furtherNumbers(65, false), [], 'one envelope names 65')
  for (let number = 66; number <= 200; number += 2) come(number)
  t.same(acknowledgement.furtherNumbers(200, false), [3, 68, 134], 'three more name 1 to 3, 4 to 68 and 70 to 134')
  acknowledgement.given()
  t.same(acknowledgement.furtherNumbers(200, false), [])
  come(71)
  t.same(acknowledgement.furtherNumbers(200, false), [71], 'a late one by itself')
  t.end()
})

void t.test('regression_one_late_datagram_was_answered_with_all_that_lay_between', t => {
  const acknowledgement = new Acknowledgement()
  acknowledgement.owe(3, 100, true, 0)
  acknowledgement.owe(1_000, 100, true, 0)
  t.same(acknowledgement.furtherNumbers(1_000, false), [3])
  t.end()
})

void t.test(
  'RFC 9000 section 13.2.3: words may be lost: on a lossy way two more say the same, where many come at a time',
  t => {
    const acknowledgement = new Acknowledgement()
    const come = (from: number, to: number) => {
      for (let number = from; number <= to; number++) acknowledgement.owe(number, 100, false, 0)
    }
    come(1, 60)
    t.same(acknowledgement.furtherNumbers(60, true), [], 'one envelope names all')
    acknowledgement.given()
    come(61, 120)
    t.same(acknowledgement.furtherNumbers(120, false), [], 'all that is owed')
    t.same(acknowledgement.furtherNumbers(120, true), [55], '120 to 56, and the rest of the word before')
    acknowledgement.given()
    acknowledgement.given()
    come(121, 180)
    t.same(acknowledgement.furtherNumbers(180, true), [50, 115], 'and of the one before that')
    acknowledgement.given()
    come(181, 187)
    t.same(acknowledgement.furtherNumbers(187, true), [], 'where few come, the next words do it')
    acknowledgement.given()
    come(188, 247)
    t.same(acknowledgement.furtherNumbers(247, true), [182], 'never one before that')
    t.end()
  },
)
