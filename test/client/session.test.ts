import fc from 'fast-check'
import t from 'tap'
import { Request } from '../../src/client/request.js'
import { ClientSession } from '../../src/client/session.js'

const write = (): Request => new Request('write', 'leader', new Uint8Array(0), Infinity, () => undefined)

void t.test('answeredUpTo is the highest number up to which all have ended, in whatever order they end', t => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 200 }), choices => {
      const session = new ClientSession(1)
      const open: Request[] = []
      for (const choice of choices) {
        if (choice % 2 === 0 || open.length === 0) {
          const request = write()
          session.add(request)
          open.push(request)
        } else {
          session.remove(open.splice(choice % open.length, 1)[0]!)
        }
        const expected = open.length === 0 ? session.nextSequence - 1 : Math.min(...open.map(({ id }) => id)) - 1
        if (session.answeredUpTo !== expected) return false
        if (!open.every(request => session.find(request.id) === request)) return false
        if (session.unended.length !== open.length) return false
      }
      return true
    }),
    { seed: 5 },
  )
  t.end()
})

void t.test('the window: 16,384 numbers above answeredUpTo, also round the end of the ring', t => {
  const session = new ClientSession(1)
  const first = write()
  session.add(first)
  const rest: Request[] = []
  while (session.hasRoom) {
    rest.push(write())
    session.add(rest.at(-1)!)
  }
  t.equal(rest.at(-1)!.id, 16_384)
  for (const request of rest) session.remove(request)
  t.notOk(session.hasRoom)
  t.equal(session.find(2), undefined, 'ended')
  session.remove(first)
  t.ok(session.hasRoom)
  t.equal(session.answeredUpTo, 16_384)
  const next = write()
  session.add(next)
  t.equal(next.id, 16_385)
  t.equal(session.find(1), undefined, 'its slot has another request now')
  t.equal(session.find(16_385), next)
  t.equal(session.find(16_386), undefined)
  t.end()
})
