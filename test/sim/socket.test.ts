import t from 'tap'
import { stepKinds } from '../../src/sim/clock.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'
import { socketContract } from '../contracts/socket.js'
import { addressOf, NetworkBench, numbered } from './rig.js'

socketContract(t, 'simulated', () => {
  const bench = new NetworkBench({ delayFromMs: 0.1, delayToMs: 0.1 })
  let lane = 0
  return {
    open: () => Promise.resolve(bench.open(++lane).socket),
    until: condition => {
      for (let i = 0; i < 1_000 && !condition(); i++) bench.kernel.runUntil(bench.kernel.nowMs + 1)
      return condition() ? Promise.resolve() : Promise.reject(new Error('it never came'))
    },
  }
})

/** Lane 2 stands still while lane 1 sends. */
function pausedReceiver(count: number, receiveBufferBytes = 425_984) {
  const bench = new NetworkBench({ delayFromMs: 0.1, delayToMs: 0.1 })
  bench.network.receiveBufferBytes = receiveBufferBytes
  const { socket } = bench.open(1)
  const receiver = bench.open(2, 0.25)
  const got: { number: number; atMs: number }[] = []
  receiver.socket.onDatagram = bytes => got.push({ number: bytes[0]!, atMs: bench.kernel.nowMs })
  receiver.life.held = []
  for (let i = 0; i < count; i++) socket.send(numbered(i), addressOf(2))
  bench.kernel.runUntil(10)
  return { bench, receiver, got, socket }
}

void t.test('what waited is handed out in rounds of 32, one turn apart, and what comes then waits behind it', t => {
  const { bench, receiver, got, socket } = pausedReceiver(70)
  t.same(got, [])
  bench.kernel.resume(receiver.life, stepKinds.timer)
  socket.send(numbered(70), addressOf(2))
  bench.kernel.runUntil(20)
  t.same(
    got.map(({ number }) => number),
    Array.from({ length: 71 }, (_, i) => i),
  )
  const rounds = new Map<number, number>()
  for (const { atMs } of got) rounds.set(atMs, (rounds.get(atMs) ?? 0) + 1)
  t.same(
    [...rounds],
    [
      [10, 32],
      [10.25, 32],
      [10.5, 7],
    ],
  )
  t.equal(receiver.socket.datagramsReceived, 71)
  socket.send(numbered(99), addressOf(2))
  bench.kernel.runUntil(20.2)
  t.equal(got.at(-1)!.number, 99, 'later ones do not wait any more')
  t.end()
})

void t.test('while it stands still its receive buffer overflows, as a kernel counts', t => {
  const size = 10 * chargedBytes(40)
  const { bench, receiver, got } = pausedReceiver(50, size)
  t.equal(bench.tally.of('lost: overflow'), 39, 'one more than fits is taken, as kernels do')
  bench.kernel.resume(receiver.life, stepKinds.timer)
  bench.kernel.runUntil(20)
  t.equal(got.length, 11)
  t.equal(receiver.socket.receiveBufferBytes, size)
  t.end()
})

void t.test('a process that is killed while it stands still hears nothing of what waited', t => {
  const { bench, receiver, got } = pausedReceiver(5)
  receiver.life.isOver = true
  bench.network.closedAt(addressOf(2))
  bench.kernel.resume(receiver.life, stepKinds.timer)
  bench.kernel.runUntil(20)
  t.same(got, [])
  t.end()
})

void t.test('a datagram that waited has the step of its sending as its cause', t => {
  const bench = new NetworkBench()
  const [sender, receiver] = [bench.open(1), bench.open(2)]
  receiver.life.held = []
  for (const atMs of [1, 2, 3]) {
    bench.kernel.at(atMs, sender.life, 1, () => sender.socket.send(numbered(atMs), addressOf(2)))
  }
  bench.kernel.runUntil(5)
  bench.kernel.resume(receiver.life, stepKinds.timer)
  bench.kernel.runUntil(6)
  const sends = [1, 2, 3].map(n => bench.told.indexOf(`sent 1 2 ${n}`))
  t.ok(sends.every(place => place >= 0))
  t.same(
    bench.told.filter(line => line.startsWith('delivered')).map(line => line.replace(/ of \d+$/, '')),
    ['delivered 1 2 1', 'delivered 1 2 2', 'delivered 1 2 3'],
  )
  const causes = bench.told.flatMap(line => / of (\d+)$/.exec(line)?.[1] ?? [])
  t.equal(new Set(causes).size, 3, 'each its own')
  t.equal(causes[0], '1')
  t.end()
})
