import t from 'tap'
import type { Address } from '../../src/transport/socket.js'
import { FaultySocket, type FaultOptions } from '../../src/transport/socket-faults.js'
import { FakeClock } from '../support/fake-clock.js'
import { FakeNetwork } from '../support/fake-network.js'

interface Arrival {
  readonly atMs: number
  readonly number: number
  readonly isSound: boolean
}

function enter(options: FaultOptions) {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, { delayFromMs: 0, delayToMs: 0 })
  const faulty = new FaultySocket(network.open(1), clock, options)
  const other = network.open(2)
  const arrivals: Arrival[] = []
  other.onDatagram = bytes => {
    const number = bytes[0]! + 256 * bytes[1]!
    arrivals.push({ atMs: clock.now(), number, isSound: bytes.subarray(2).every(byte => byte === 77) })
  }
  return { clock, network, faulty, other, arrivals }
}

/** Sends numbered datagrams, 100 in a ms, from one buffer that is used again at once. */
function run(options: FaultOptions, count = 10_000) {
  const world = enter(options)
  const bytes = new Uint8Array(40)
  for (let i = 0; i < count; i++) {
    bytes.fill(77)
    bytes[0] = i & 255
    bytes[1] = i >> 8
    world.faulty.send(bytes, world.other.address)
    if (i % 100 === 99) world.clock.runFor(1)
  }
  bytes.fill(0)
  world.clock.runFor(1_000)
  return world
}

/** Five standard deviations of a binomial share: missed by chance once in a million runs, and seeds are fixed. */
function isShare(count: number, of: number, share: number): boolean {
  return Math.abs(count - of * share) < 5 * Math.sqrt(of * share * (1 - share))
}

void t.test('loss, copies and corruption come in the shares asked for', t => {
  const { faulty, arrivals } = run({ seed: 1, lossShare: 0.1, duplicateShare: 0.05, corruptShare: 0.02 })
  const { counts } = faulty
  t.ok(isShare(counts.lost, 10_000, 0.1), `${counts.lost} lost`)
  t.ok(isShare(counts.duplicated, 9_000, 0.05), `${counts.duplicated} duplicated`)
  t.ok(isShare(counts.corrupted, 9_000, 0.02), `${counts.corrupted} corrupted`)
  t.equal(arrivals.length, 10_000 - counts.lost + counts.duplicated)
  t.equal(counts.passed, arrivals.length)
  const unsound = arrivals.filter(({ isSound }) => !isSound).length
  t.ok(unsound > counts.corrupted * 0.8 && unsound <= counts.corrupted * 1.3, `${unsound} arrived unsound`)
  t.end()
})

void t.test('the same seed gives the same faults, and one fault does not change whom another hits', t => {
  const numbersOf = (options: FaultOptions) => {
    const numbers = run(options).arrivals.map(({ number }) => number)
    return numbers.sort((a, b) => a - b).join()
  }
  const lossy = numbersOf({ seed: 7, lossShare: 0.2 })
  t.equal(numbersOf({ seed: 7, lossShare: 0.2 }), lossy)
  t.equal(numbersOf({ seed: 7, lossShare: 0.2, delayFromMs: 1, delayToMs: 30, reorderShare: 0.1 }), lossy)
  t.not(numbersOf({ seed: 8, lossShare: 0.2 }), lossy)
  t.end()
})

void t.test('delay within its bounds, with bytes that are copied', t => {
  const { arrivals, faulty } = run({ seed: 3, delayFromMs: 5, delayToMs: 20 }, 2_000)
  t.equal(arrivals.length, 2_000)
  t.equal(faulty.counts.delayed, 2_000)
  const delays = arrivals.map(({ atMs, number }) => atMs - Math.floor(number / 100))
  t.ok(Math.min(...delays) >= 5 && Math.max(...delays) < 20)
  t.ok(Math.min(...delays) < 5.5 && Math.max(...delays) > 19.5, 'all of the range is used')
  t.ok(arrivals.every(({ isSound }) => isSound))
  t.end()
})

void t.test('reordered datagrams are overtaken, the others stay in order', t => {
  const { arrivals, faulty } = run({ seed: 4, reorderShare: 0.05, reorderMs: 10 })
  t.equal(arrivals.length, 10_000)
  t.ok(isShare(faulty.counts.reordered, 10_000, 0.05))
  let highest = -1
  let late = 0
  for (const { number } of arrivals) {
    if (number < highest) late++
    highest = Math.max(highest, number)
  }
  t.ok(late > 300 && late <= faulty.counts.reordered, `${late} were overtaken`)
  t.end()
})

void t.test('cuts: one way, both ways, by address or port, and healed', t => {
  const { clock, network, faulty, other } = enter({ seed: 1 })
  const third = network.open(3)
  const heard: string[] = []
  const listen = (name: string, socket: { onDatagram: (bytes: Uint8Array, from: Address) => void }) => {
    socket.onDatagram = (_, from) => heard.push(`${from.port} to ${name}`)
  }
  listen('faulty', faulty)
  listen('other', other)
  listen('third', third)
  const talk = () => {
    heard.length = 0
    faulty.send(Uint8Array.of(1), other.address)
    faulty.send(Uint8Array.of(1), third.address)
    other.send(Uint8Array.of(1), faulty.address)
    clock.runFor(1)
    return heard.sort()
  }
  const all = ['1 to other', '1 to third', '2 to faulty']
  t.same(talk(), all)
  faulty.cut(2, 'to')
  t.same(talk(), ['1 to third', '2 to faulty'])
  faulty.cut(other.address.key, 'from')
  t.same(talk(), ['1 to third'])
  faulty.heal(2)
  t.same(talk(), ['1 to other', '1 to third'])
  faulty.cut(third.address.key, 'both')
  t.same(talk(), ['1 to other'])
  faulty.heal()
  t.same(talk(), all)
  t.equal(faulty.counts.cutTo, 3)
  t.equal(faulty.counts.cutFrom, 3)
  t.end()
})

void t.test('the delay line is bounded', t => {
  const { faulty, other, clock, arrivals } = enter({ seed: 1, delayFromMs: 1_000, delayToMs: 1_001 })
  const bytes = new Uint8Array(60_000).fill(77)
  for (let i = 0; i < 2_000; i++) t.ok(faulty.send(bytes, other.address))
  t.equal(faulty.counts.delayed, Math.floor((64 * 1024 * 1024) / 60_000))
  t.equal(faulty.counts.overflowed, 2_000 - faulty.counts.delayed)
  clock.runFor(2_000)
  t.equal(arrivals.length, faulty.counts.delayed)
  t.end()
})

void t.test('a busy kernel below is passed on: lent bytes stay lent', t => {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock)
  const inner = network.open(1)
  const { address } = network.open(2)
  inner.lendsBytes = true
  const bytes = new Uint8Array(10)
  t.equal(new FaultySocket(inner, clock, { seed: 1 }).send(bytes, address), false)
  t.equal(new FaultySocket(inner, clock, { seed: 1, duplicateShare: 1 }).send(bytes, address), false)
  t.equal(new FaultySocket(inner, clock, { seed: 1, delayFromMs: 1, delayToMs: 2 }).send(bytes, address), true)
  t.equal(new FaultySocket(inner, clock, { seed: 1, corruptShare: 1 }).send(bytes, address), true, 'a copy went')
  t.end()
})
