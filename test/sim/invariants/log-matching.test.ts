import t from 'tap'
import { LogMatching } from '../../../src/sim/invariants/log-matching.js'
import { WatchedServer } from '../../../src/sim/invariants/watched-server.js'
import { Bench, entryOf } from '../../support/raft-servers.js'

function logOf(terms: number[]): WatchedServer {
  const watched = new WatchedServer(new Bench({ log: terms }).raft.server)
  watched.lookAtLog()
  return watched
}

void t.test('an entry of an index and term has one content and follows one entry', t => {
  const matching = new LogMatching()
  for (const terms of [[1, 1, 4], [1, 1, 4, 4], [1, 2], []]) matching.check(logOf(terms))
  const invariant = 'Log Matching'
  t.throws(() => matching.check(logOf([1, 2, 4])), {
    invariant,
    message: /\(3, term 4\) follows one of term 2, in another of 1/,
  })
  const other = logOf([1, 1])
  other.entries[1] = entryOf(2, 1, 'other bytes')
  t.throws(() => matching.check(other), { invariant, message: /another entry \(2, term 1\)/ })
  other.entries[1] = { ...entryOf(2, 1), kind: 'noop' }
  t.throws(() => matching.check(other), { invariant, message: /another entry/ })
  other.entries[1] = { ...entryOf(2, 1), payload: entryOf(2, 1).payload.slice() }
  matching.check(other)
  t.end()
})

void t.test('only what is new in a log is looked at', t => {
  const matching = new LogMatching()
  const watched = logOf([1, 1])
  matching.check(watched)
  watched.server.log.append(entryOf(3, 1))
  t.ok(watched.logHasChanged)
  watched.lookAtLog()
  t.same([watched.addedFrom, watched.cut], [3, 0])
  t.notOk(watched.logHasChanged)
  watched.server.log.truncateFrom(2)
  watched.server.log.append(entryOf(2, 5))
  watched.server.log.append(entryOf(3, 5))
  t.ok(watched.logHasChanged)
  watched.lookAtLog()
  t.same([watched.addedFrom, watched.cut], [2, 2])
  t.end()
})
