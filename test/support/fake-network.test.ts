import t from 'tap'
import { socketContract } from '../contracts/socket.js'
import { FakeClock } from './fake-clock.js'
import { FakeNetwork } from './fake-network.js'

socketContract(t, 'fake', () => {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  let port = 1000
  return {
    open: () => Promise.resolve(network.open(port++)),
    until: condition => {
      clock.runFor(100)
      return condition() ? Promise.resolve() : Promise.reject(new Error('it never happened'))
    },
  }
})

void t.test('equal seeds lose the same datagrams, and about as many as asked for', t => {
  const arrivals = (seed: number) => {
    const clock = new FakeClock()
    const network = new FakeNetwork(clock, { seed, lossShare: 0.2, duplicateShare: 0.1, delayFromMs: 1, delayToMs: 9 })
    const a = network.open(1)
    const b = network.open(2)
    const got: number[] = []
    b.onDatagram = bytes => got.push(bytes[0]! + 256 * bytes[1]!)
    for (let i = 0; i < 10_000; i++) a.send(Uint8Array.of(i & 255, i >> 8), b.address)
    clock.runFor(10)
    return got
  }
  const got = arrivals(1)
  // Compared as text: tap takes seconds to compare long arrays.
  t.equal(arrivals(1).join(), got.join())
  t.not(arrivals(2).join(), got.join())
  t.ok(Math.abs(got.length - 8_800) < 200, `${got.length} arrived`)
  t.not(got.toSorted((a, b) => a - b).join(), got.join(), 'they overtake each other')
  t.end()
})

void t.test('turns: what is due at one instant, then the ends of the turn', t => {
  const clock = new FakeClock()
  const happened: string[] = []
  const timer = clock.timer(() => happened.push('put off'))
  clock.at(5, () => {
    happened.push('first')
    clock.endOfTurn(() => happened.push('end'))
    timer.set(7)
  })
  timer.set(5)
  clock.at(5, () => happened.push('second'))
  clock.runUntil(6)
  t.same(happened, ['first', 'second', 'end'])
  t.equal(clock.now(), 6)
  clock.runUntil(7)
  t.same(happened.slice(3), ['put off'])
  timer.set(8)
  timer.set(Infinity)
  clock.runUntil(9)
  t.equal(happened.length, 4)
  t.end()
})

void t.test('a paused socket overflows as a kernel buffer does', t => {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, { receiveBufferBytes: 10_000, chargedBytes: () => 1000 })
  const [a, b] = [network.open(1), network.open(2)]
  let received = 0
  b.onDatagram = () => received++
  b.paused = true
  for (let i = 0; i < 20; i++) a.send(new Uint8Array(1), b.address)
  clock.runFor(1)
  t.equal(received, 0)
  b.paused = false
  t.equal(received + b.overrun, 20)
  t.equal(received, 11)
  t.end()
})
