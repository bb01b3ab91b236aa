import t from 'tap'
import { Committed } from '../../../src/sim/invariants/committed.js'
import { WatchedServer } from '../../../src/sim/invariants/watched-server.js'
import { Bench } from '../../support/raft-servers.js'

function seen(log: number[], commitIndex: number, term = 9): WatchedServer {
  const watched = new WatchedServer(new Bench({ log, term }).raft.server)
  watched.lookAtLog()
  watched.server.commitIndex = commitIndex
  return watched
}

void t.test('remembers what was committed, and in which term', t => {
  const committed = new Committed()
  t.equal(committed.lastIndexBefore(99), 0)
  t.ok(committed.advance(seen([1, 1, 3], 2, 3)))
  t.notOk(committed.advance(seen([1, 1], 2, 3)), 'no news')
  t.ok(committed.advance(seen([1, 1, 3], 3, 4)))
  t.same(
    [1, 2, 3, 4].map(index => committed.termAt(index)),
    [1, 1, 3, undefined],
  )
  t.same(
    [3, 4, 5].map(term => committed.lastIndexBefore(term)),
    [0, 2, 3],
  )
  const invariant = 'State Machine Safety'
  t.throws(() => committed.advance(seen([1, 2], 2)), { invariant, message: /\(2, term 2\), and \(2, term 1\)/ })
  t.throws(() => committed.advance(seen([1], 2)), {
    invariant,
    message: /commits 2, which is neither in its log nor committed/,
  })
  t.end()
})
