import t from 'tap'
import { Promises } from '../../../src/sim/invariants/promises.js'
import { append, Bench, type Start } from '../../support/raft-servers.js'

const invariant = 'Promises Are Durable'

function server(start: Start) {
  return new Bench(start).raft.server
}

void t.test('the next life has what was persisted in the one before, and no lower term than it spoke in', t => {
  const promises = new Promises()
  promises.recovered(server({ log: [], term: 0 }), 0)
  promises.ended(server({ log: [1, 2], term: 2 }), 3)
  promises.recovered(server({ log: [1, 2], term: 3 }), 0)
  promises.recovered(server({ id: 2, log: [], term: 0 }), 0)
  t.throws(() => promises.recovered(server({ log: [1, 2], term: 2 }), 0), { invariant, message: /spoke in term 3/ })
  t.throws(() => promises.recovered(server({ log: [1], term: 3 }), 0), {
    invariant,
    message: /\(2, term 2\).*without it/,
  })
  t.throws(() => promises.recovered(server({ log: [1, 3], term: 3 }), 0), { invariant, message: /with one of term 3/ })
  promises.ended(server({ log: [1, 2], term: 2 }), 0)
  t.throws(() => promises.recovered(server({ log: [1, 2], term: 2 }), 0), { invariant, message: /spoke in term 3/ })
  promises.forget(1)
  promises.recovered(server({ log: [], term: 0 }), 0)
  t.end()
})

void t.test('what is not on disk is no promise, and a replacement under way takes the promise back', t => {
  const promises = new Promises()
  const bench = new Bench({ log: [1, 1, 1], term: 2 })
  bench.holdsWrites = true
  bench.receive(append(2, 2, [3, 1], [2]))
  t.equal(bench.raft.server.log.lastIndex, 4)
  promises.ended(bench.raft.server, 2)
  promises.recovered(server({ log: [1, 1, 1], term: 2 }), 0)
  bench.receive(append(3, 3, [1, 1], [3]))
  promises.ended(bench.raft.server, 2)
  promises.recovered(server({ log: [1, 1, 1], term: 3 }), 0)
  promises.recovered(server({ log: [1, 3], term: 3 }), 0)
  t.throws(() => promises.recovered(server({ log: [], term: 3 }), 0), { invariant, message: /entry \(1, term 1\)/ })
  t.end()
})

void t.test('a vote that has left is there after a crash', t => {
  const promises = new Promises()
  const voter = server({ log: [1], term: 3 })
  promises.ended(voter, 3)
  t.throws(() => promises.recovered(voter, 2), {
    invariant,
    message: /its vote of term 3 to 2 and starts again with 0/,
  })
  voter.votedFor = 2
  promises.recovered(voter, 2)
  t.end()
})
