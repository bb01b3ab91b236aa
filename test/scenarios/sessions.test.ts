/** Identities of clients, and copies of requests that come long after. */
import t from 'tap'
import { restored, SessionsUser } from '../session/rig.js'

void t.test('D11: two clients never get one session: ids come from the log and are not used again', t => {
  const user = new SessionsUser({ sessionsMax: 3 })
  const given = new Set<number>()
  for (let round = 0; round < 10; round++) given.add(user.open())
  t.equal(given.size, 10, 'seven of them were evicted meanwhile')
  t.equal(user.sessions.sessionCount, 3)
  const again = restored(user.sessions.snapshot(), { sessionsMax: 3 })
  for (let round = 0; round < 10; round++) given.add(again.open())
  t.equal(given.size, 20, 'nor after a restore')
  t.equal(again.execute(1, 1, 'late'), 'session-expired', 'who was evicted does not write in the name of another')
  t.end()
})

void t.test('D04: a copy of request 1 that arrives after request 2 is never applied again', t => {
  for (const [name, answeredUpTo, answer] of [
    ['the client has its answer', 1, 'already-answered'],
    ['the client has said nothing of it', 0, 'a@2'],
  ] as const) {
    const user = new SessionsUser()
    const id = user.open()
    t.equal(user.execute(id, 1, 'a'), 'a@2')
    t.equal(user.execute(id, 2, 'b', answeredUpTo), 'b@3')
    for (let copy = 0; copy < 3; copy++) t.equal(user.execute(id, 1, 'a'), answer, name)
    const later = restored(user.sessions.snapshot())
    t.equal(later.execute(id, 1, 'a'), answer, `${name}, at a server restored from a snapshot`)
    t.same(user.machine.executed, ['a', 'b'])
    t.same(later.machine.executed, ['a', 'b'])
  }
  t.end()
})
