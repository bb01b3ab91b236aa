import t from 'tap'
import { queriesMsMax, QueryTurns, waitingQueriesMax, type Query } from '../../src/node/query-turns.js'

/** Queries that take so long each. */
function enter(eachMs: number) {
  let nowMs = 0
  const answered: number[] = []
  const turns = new QueryTurns(
    () => nowMs,
    ({ requestId }) => {
      nowMs += eachMs
      answered.push(requestId)
    },
  )
  const ask = (requestId: number) => turns.ask({ requestId } as Query)
  const take = () => answered.splice(0)
  return { turns, ask, take }
}

void t.test('regression_one_datagram_of_scans_holds_nobody_up: queries take turns with everything else', t => {
  const { turns, ask, take } = enter(queriesMsMax / 2)
  for (let requestId = 1; requestId <= 7; requestId++) t.ok(ask(requestId))
  t.same(take(), [1, 2], 'as they came, while there is time')
  t.ok(turns.takeTurn())
  t.same(take(), [3, 4])
  t.ok(ask(8))
  t.same(take(), [], 'not before those that wait')
  t.ok(turns.takeTurn())
  t.notOk(turns.takeTurn())
  t.same(take(), [5, 6, 7, 8])
  t.end()
})

void t.test('what takes no time is answered at once, and so is one that takes long', t => {
  const quick = enter(0)
  for (let requestId = 1; requestId <= 1_000; requestId++) quick.ask(requestId)
  t.equal(quick.take().length, 1_000)
  const slow = enter(10 * queriesMsMax)
  slow.ask(1)
  slow.ask(2)
  t.same(slow.take(), [1])
  t.notOk(slow.turns.takeTurn())
  t.same(slow.take(), [2])
  t.end()
})

void t.test('so many wait, and no more', t => {
  const { turns, ask } = enter(queriesMsMax)
  for (let requestId = 0; requestId <= waitingQueriesMax; requestId++) ask(requestId)
  t.equal(turns.count, waitingQueriesMax)
  t.notOk(ask(1))
  t.equal(turns.count, waitingQueriesMax)
  t.end()
})
