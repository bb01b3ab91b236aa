import t from 'tap'
import type { Link } from '../../src/transport/types.js'
import type { Waiter } from '../../src/node/waiters.js'
import { Waiters } from '../../src/node/waiters.js'

const link = { owner: 'a link' } as unknown as Link

function write(sessionId: number, sequence: number): Waiter {
  const command = { kind: 'execute' as const, sessionId, sequence, answeredUpTo: 0, command: Uint8Array.of(sequence) }
  return { command, link, requestId: sequence }
}

const open: Waiter = { command: { kind: 'open' }, link, requestId: 9 }

void t.test('a request is found from its beginning until it is taken', t => {
  const waiters = new Waiters()
  const waiter = write(1, 5)
  t.equal(waiters.find(1, 5), undefined)
  waiters.begin(waiter)
  t.equal(waiters.find(1, 5), waiter)
  t.equal(waiters.find(1, 4), undefined)
  t.equal(waiters.find(2, 5), undefined)
  waiters.place(10, 3, [waiter])
  t.equal(waiters.find(1, 5), waiter)
  t.strictSame(waiters.take(10), { term: 3, waiters: [waiter] })
  t.equal(waiters.find(1, 5), undefined)
  t.equal(waiters.take(10), undefined, 'it is taken once')
  t.end()
})

void t.test('waiters of an entry come out in the order of its commands, sessions to open among them', t => {
  const waiters = new Waiters()
  const batch = [write(1, 1), open, write(2, 1)]
  for (const waiter of batch) waiters.begin(waiter)
  waiters.place(4, 1, batch)
  t.strictSame(waiters.take(4)?.waiters, batch)
  t.end()
})

void t.test('a later waiter under the same number is not ended by the end of the former', t => {
  const waiters = new Waiters()
  const [former, later] = [write(1, 1), write(1, 1)]
  waiters.begin(former)
  waiters.begin(later)
  waiters.end(former)
  t.equal(waiters.find(1, 1), later)
  waiters.end(later)
  t.equal(waiters.find(1, 1), undefined)
  t.end()
})

void t.test('when leadership is lost all that have a place come out, and nothing is held any more', t => {
  const waiters = new Waiters()
  for (let term = 1; term <= 100; term++) {
    const batch = [write(term, 1), open]
    for (const waiter of batch) waiters.begin(waiter)
    waiters.place(term, term, batch)
    waiters.begin(write(term, 2))
    if (waiters.takeAll().length !== batch.length) t.fail(`some were kept in term ${term}`)
  }
  const held = waiters as unknown as { byIndex: Map<number, unknown>; bySession: Map<number, unknown> }
  t.equal(held.byIndex.size + held.bySession.size, 0)
  t.equal(waiters.take(1), undefined)
  t.end()
})
