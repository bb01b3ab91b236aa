import t from 'tap'
import { DrainGuard } from '../../src/node/drain-guard.js'

/** What mustWait says after rounds that delivered these numbers of datagrams. */
function verdicts(rounds: readonly number[]): boolean[] {
  const socket = { datagramsReceived: 1_000 }
  const guard = new DrainGuard(socket)
  guard.begin()
  return rounds.map(datagrams => {
    socket.datagramsReceived += datagrams
    return guard.mustWait()
  })
}

void t.test('time is judged at once unless the round was full', t => {
  t.strictSame(verdicts([0]), [false])
  t.strictSame(verdicts([31]), [false])
  t.strictSame(verdicts([32, 32, 5]), [true, true, false])
  t.end()
})

void t.test('a flood holds time back for eight rounds and no longer', t => {
  t.strictSame(verdicts(new Array<number>(9).fill(32)), [...new Array<boolean>(7).fill(true), false, false])
  t.end()
})

void t.test('what was received before the timer fired does not count', t => {
  const socket = { datagramsReceived: 0 }
  const guard = new DrainGuard(socket)
  socket.datagramsReceived = 500
  guard.begin()
  t.equal(guard.mustWait(), false)
  t.end()
})
