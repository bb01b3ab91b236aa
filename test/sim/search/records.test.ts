/** Copies are equal and share nothing that changes; texts tell records apart, whatever field differs. */
import t from 'tap'
import { canonicalText, copyOf, entryText } from '../../../src/sim/search/records.js'
import { append, accept, Bench, entryOf } from '../../support/raft-servers.js'

function leader(): Bench {
  const bench = new Bench({ log: [1, 1] })
  bench.lead()
  bench.raft.propose(Uint8Array.of(1))
  bench.raft.readIndex(7)
  return bench
}

void t.test('a copy is equal, of the same classes, and shares only entries and what is constant', t => {
  const { raft } = leader()
  const copy = copyOf(raft)
  t.equal(canonicalText(copy), canonicalText(raft))
  t.same(copy.status, raft.status)
  t.not(copy.server, raft.server)
  t.not(copy.server.log, raft.server.log)
  t.equal(copy.server.log.at(1), raft.server.log.at(1))
  t.equal(copy.server.random, raft.server.random)
  t.equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(raft))
  t.end()
})

void t.test('the copy goes its own way, and does what the original does', t => {
  const { raft } = leader()
  const before = canonicalText(raft)
  const copy = copyOf(raft)
  const facts = (some: typeof raft) => {
    some.receive(0, accept(2, some.currentTerm, 3))
    some.persisted(some.server.nextWriteId - 1)
    const ready = some.takeReady(0)
    some.receive(0, append(3, some.currentTerm + 1, [3, 2], [3]))
    return ready
  }
  const readyOfCopy = facts(copy)
  t.equal(canonicalText(raft), before, 'the original has not changed')
  t.same(readyOfCopy, facts(raft))
  // The draws are shared, so this is all that may differ.
  copy.server.electionDeadlineMs = raft.server.electionDeadlineMs
  t.equal(canonicalText(raft), canonicalText(copy))
  t.end()
})

void t.test('every field that a rule may change is in the text', t => {
  const { raft } = leader()
  const text = canonicalText(raft.server)
  for (const name of Object.keys(raft.server)) {
    if (['options', 'voters', 'random', 'paths', 'reports'].includes(name)) continue
    const changed = Object.assign(copyOf(raft).server, { [name]: 'other' })
    t.not(canonicalText(changed), text, name)
  }
  t.end()
})

void t.test('sets and maps have no order', t => {
  t.equal(canonicalText(new Set([1, 2])), canonicalText(new Set([2, 1])))
  t.equal(
    canonicalText(
      new Map([
        [1, { a: 1 }],
        [2, { a: 2 }],
      ]),
    ),
    canonicalText(
      new Map([
        [2, { a: 2 }],
        [1, { a: 1 }],
      ]),
    ),
  )
  t.not(canonicalText(new Map([[1, 2]])), canonicalText(new Map([[2, 1]])))
  t.not(canonicalText([1, [2]]), canonicalText([[1], 2]))
  t.end()
})

void t.test('an entry is its term, kind and bytes', t => {
  const texts = [
    entryOf(1, 1, 'a'),
    entryOf(1, 2, 'a'),
    entryOf(1, 1, 'b'),
    { ...entryOf(1, 1, 'a'), kind: 'noop' as const },
    { ...entryOf(1, 1, 'a'), kind: 'noop' as const, payload: new Uint8Array(0) },
    { ...entryOf(1, 1, 'a'), payload: new Uint8Array(0) },
  ].map(entryText)
  t.equal(new Set(texts).size, texts.length, texts.join(' '))
  t.end()
})
