import t from 'tap'
import { Session, storedResultOverheadBytes } from '../../src/session/session.js'

const result = Buffer.from('done')

void t.test('forgetting takes back what storing did: hash and bytes', t => {
  const session = new Session(5, 1)
  const empty = session.hash
  for (const sequence of [1, 2, 3]) session.store(sequence, 77, result)
  t.equal(session.storedBytes, 3 * (storedResultOverheadBytes + 4))
  t.not(session.hash, empty)
  session.forgetUpTo(3)
  t.equal(session.storedBytes, 0)
  t.equal(session.results.size, 0)
  const same = new Session(5, 1)
  same.forgetUpTo(3)
  t.equal(session.hash, same.hash)
  t.end()
})

void t.test('both ways of forgetting, the short and the long jump, leave the same', t => {
  for (const upTo of [1, 2, 5, 9, 1_000_000, Number.MAX_SAFE_INTEGER]) {
    const session = new Session(1, 1)
    for (const sequence of [9, 2, 5, 1, 12]) session.store(sequence, sequence, result)
    session.forgetUpTo(upTo)
    t.same(
      [...session.results.sequences()],
      [1, 2, 5, 9, 12].filter(sequence => sequence > upTo),
    )
    session.forgetUpTo(0)
    t.equal(session.answeredUpTo, upTo, 'never goes back')
  }
  t.end()
})

void t.test('the hash depends on id, use, answeredUpTo, number, checksum and result', t => {
  const hashes = new Set<number>()
  for (const [id, usedAt, answeredUpTo, sequence, checksum, text] of [
    [1, 1, 0, 1, 1, 'a'],
    [2, 1, 0, 1, 1, 'a'],
    [1, 2, 0, 1, 1, 'a'],
    [1, 1, 1, 1, 1, 'a'],
    [1, 1, 0, 2, 1, 'a'],
    [1, 1, 0, 1, 2, 'a'],
    [1, 1, 0, 1, 1, 'b'],
  ] as const) {
    const session = new Session(id, usedAt)
    session.forgetUpTo(answeredUpTo)
    session.store(sequence, checksum, Buffer.from(text))
    hashes.add(session.hash)
  }
  t.equal(hashes.size, 7)
  t.end()
})
