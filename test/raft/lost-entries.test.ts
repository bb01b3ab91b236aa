import t from 'tap'
import { append, Bench } from '../support/raft-servers.js'

void t.test('a follower that has lost what it called durable to this leader stops, and says what to do', t => {
  const bench = new Bench({ log: [1, 1], term: 2 })
  const known = { matchIndex: 3, incarnation: 0 }
  t.throws(
    () => bench.receive(append(2, 2, [2, 1], [], known)),
    /acknowledged entries are gone.*up to entry 3.*--repair/,
  )
  t.end()
})

void t.test('what counts is what is durable, and only the word of this incarnation', t => {
  const bench = new Bench({ log: [1, 1], term: 2 })
  bench.holdsWrites = true
  bench.receive(append(2, 2, [2, 1], [2], { matchIndex: 2 }))
  t.equal(bench.raft.status.lastLogIndex, 3)
  bench.receive(append(2, 2, [3, 2], [], { matchIndex: 3, incarnation: 9 }))
  t.throws(() => bench.receive(append(2, 2, [3, 2], [], { matchIndex: 3 })), /acknowledged entries are gone/)
  bench.persist()
  bench.receive(append(2, 2, [3, 2], [], { matchIndex: 3 }))
  t.end()
})

void t.test('a late message of a former term says nothing', t => {
  const bench = new Bench({ log: [1], term: 3 })
  t.match(bench.receive(append(2, 2, [3, 2], [], { matchIndex: 3 })), [{ rejected: true }])
  t.end()
})
