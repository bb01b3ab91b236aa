import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import type { LinkQuality } from '../../src/sim/network.js'
import { perfectLinks } from '../../src/sim/network.js'
import { addressOf, NetworkBench, numbered } from './rig.js'

const still: Partial<LinkQuality> = { delayFromMs: 0.25, delayToMs: 0.25 }

function talk(quality: Partial<LinkQuality>, count = 5_000, seed = 1) {
  const bench = new NetworkBench({ ...still, ...quality }, seed)
  const arrivals = bench.talk(count)
  const { tally, network } = bench
  return { tally, network, arrivals, numbers: arrivals.map(({ number }) => number) }
}

/** Five standard deviations of a binomial share: seeds are fixed, so it holds or it does not. */
function isShare(count: number, of: number, share: number): boolean {
  return Math.abs(count - of * share) < 5 * Math.sqrt(of * share * (1 - share))
}

void t.test('a perfect link carries everything once, whole and in time', t => {
  const { arrivals, numbers, tally, network } = talk({ delayFromMs: 0.1, delayToMs: 0.9 })
  t.same(
    numbers,
    Array.from({ length: 5_000 }, (_, i) => i),
  )
  t.ok(arrivals.every(({ tookMs }) => tookMs >= 0.1 - 1e-9 && tookMs < 0.9))
  t.ok(Math.min(...arrivals.map(({ tookMs }) => tookMs)) < 0.11, 'all of the range is used')
  t.ok(Math.max(...arrivals.map(({ tookMs }) => tookMs)) > 0.89)
  t.ok(arrivals.every(({ bytes, number }) => Buffer.compare(bytes, numbered(number)) === 0))
  t.same(tally.all, {})
  t.equal(network.datagrams, 5_000)
  t.equal(network.bytes, 200_000)
  t.end()
})

void t.test('loss in its share', t => {
  const { tally, arrivals } = talk({ lossShare: 0.2 })
  t.ok(isShare(tally.of('lost: loss'), 5_000, 0.2), String(tally.of('lost: loss')))
  t.equal(arrivals.length + tally.of('lost: loss'), 5_000)
  t.end()
})

void t.test('bursts: losses come in runs', t => {
  const quality = { burstEnterShare: 0.01, burstLeaveShare: 0.1, burstLossShare: 1 }
  const { tally, numbers } = talk(quality)
  const lost = tally.of('lost: burst')
  const runs = numbers.filter((number, i) => i > 0 && number > numbers[i - 1]! + 1).length
  t.ok(lost > 200 && lost < 1_000, `${lost} of about 450 lost`)
  t.ok(lost / runs > 6 && lost / runs < 15, `${lost} in ${runs} runs of about 10`)
  t.ok(talk({ ...quality, burstLossShare: 0.5 }).tally.of('lost: burst') < 0.75 * lost, 'a bad phase loses its share')
  t.end()
})

void t.test('a bad phase is of one directed link', t => {
  const bench = new NetworkBench({ ...still, burstEnterShare: 1, burstLeaveShare: 0, burstLossShare: 1 })
  const [a, b] = [bench.open(1).socket, bench.open(2).socket]
  a.send(numbered(1), b.address)
  bench.network.quality = { ...perfectLinks, burstEnterShare: 1e-9, burstLeaveShare: 0, burstLossShare: 1 }
  a.send(numbered(1), b.address)
  b.send(numbered(1), a.address)
  bench.kernel.runUntil(9)
  t.equal(bench.tally.of('lost: burst'), 2)
  t.equal(a.datagramsReceived, 1)
  t.end()
})

void t.test('copies have a delay of their own', t => {
  const { arrivals, tally } = talk({ duplicateShare: 0.3, delayFromMs: 0, delayToMs: 0.9 })
  const copies = tally.of('datagram: duplicate')
  t.ok(isShare(copies, 5_000, 0.3))
  t.equal(arrivals.length, 5_000 + copies)
  const byNumber = new Map<number, number[]>()
  for (const { number, tookMs } of arrivals) byNumber.set(number, [...(byNumber.get(number) ?? []), tookMs])
  const twice = [...byNumber.values()].filter(times => times.length === 2)
  t.equal(twice.length, copies)
  t.ok(twice.filter(([a, b]) => b! - a! > 0.1).length > copies / 2)
  t.end()
})

void t.test('reordered datagrams are overtaken, the others are not', t => {
  const { numbers, tally } = talk({ reorderShare: 0.1, reorderMs: 10 })
  let highest = -1
  const overtaken = numbers.filter(number => {
    highest = Math.max(highest, number)
    return number < highest
  }).length
  t.ok(isShare(tally.of('datagram: reorder'), 5_000, 0.1))
  t.ok(overtaken > 300 && overtaken <= tally.of('datagram: reorder'), `${overtaken} were overtaken`)
  t.equal(numbers.length, 5_000)
  t.end()
})

void t.test('corruption flips one to sixteen bits', t => {
  const { arrivals, tally } = talk({ corruptShare: 1 }, 1_000)
  const flips = arrivals.map(({ bytes }, i) => bitsApart(bytes, numbered(i)))
  t.equal(tally.of('datagram: corrupt'), 1_000)
  t.same([Math.min(...flips), Math.max(...flips)], [1, 16])
  t.equal(new Set(flips).size, 16)
  const empty = new NetworkBench({ corruptShare: 1 })
  const { socket } = empty.open(1)
  socket.send(new Uint8Array(0), empty.open(2).socket.address)
  empty.kernel.runUntil(9)
  t.equal(empty.tally.of('datagram: corrupt'), 1, 'one without bytes has none to flip')
  t.end()
})

void t.test('late copies come up to lateMs later', t => {
  const { arrivals, tally } = talk({ lateShare: 0.1, lateMs: 20_000 })
  const late = arrivals.filter(({ tookMs }) => tookMs > 1)
  t.ok(isShare(tally.of('datagram: late'), 5_000, 0.1))
  t.ok(late.length > 0.95 * tally.of('datagram: late'))
  const longest = Math.max(...late.map(({ tookMs }) => tookMs))
  t.ok(longest > 19_000 && longest <= 20_001, String(longest))
  t.end()
})

void t.test('the tail takes up to ten times as long', t => {
  const { arrivals } = talk({ tailShare: 0.1, delayFromMs: 1, delayToMs: 2 })
  const long = arrivals.filter(({ tookMs }) => tookMs > 2)
  t.ok(isShare(long.length, 5_000, 0.1), String(long.length))
  const longest = Math.max(...long.map(({ tookMs }) => tookMs))
  t.ok(longest > 18 && longest <= 20, String(longest))
  t.end()
})

void t.test('a slow link: what waits takes longer, and beyond its queue is lost', t => {
  const bench = new NetworkBench({ ...still, bytesPerMs: 10, queueBytes: 100 })
  const [a, b] = [bench.open(1).socket, bench.open(2).socket]
  const times: number[] = []
  b.onDatagram = () => times.push(bench.kernel.nowMs)
  for (let i = 0; i < 10; i++) a.send(numbered(i), b.address)
  bench.kernel.runUntil(50)
  t.same(times, [4.25, 8.25, 12.25], '40 bytes take 4 ms each')
  t.equal(bench.tally.of('lost: queue'), 7)
  a.send(numbered(1), b.address)
  b.send(numbered(1), a.address)
  bench.kernel.runUntil(100)
  t.equal(times.at(-1), 54.25, 'and it is free again')
  t.end()
})

void t.test(
  'what is larger than a link carries vanishes there, and faults that say how much add up and are mended',
  t => {
    const bench = new NetworkBench({ ...still, datagramBytesMax: 40 })
    const { network } = bench
    const [a, b] = [bench.open(1).socket, bench.open(2).socket]
    const passes = (bytes: number): boolean => {
      const before = b.datagramsReceived
      a.send(new Uint8Array(bytes), b.address)
      bench.kernel.runUntil(bench.kernel.nowMs + 1)
      return b.datagramsReceived > before
    }
    t.same([passes(40), passes(41)], [true, false])
    const mends = [network.limit(1, 2, 30), network.limit(1, 2, 20), network.limit(1, 2, 30)]
    t.same([passes(20), passes(21)], [true, false])
    b.send(new Uint8Array(40), a.address)
    bench.kernel.runUntil(bench.kernel.nowMs + 1)
    t.equal(a.datagramsReceived, 1, 'the other direction is another link')
    mends[1]!()
    t.same([passes(30), passes(31)], [true, false])
    mends[0]!()
    t.notOk(passes(31), 'one of two faults that say the same still does')
    mends[2]!()
    t.ok(passes(40))
    t.equal(bench.tally.of('lost: size'), 4)
    t.end()
  },
)

void t.test('links with delays of their own: each keeps its place between the quickest and the slowest', t => {
  const bench = new NetworkBench({ delayFromMs: 1, delayToMs: 1, delaySpread: 4 })
  const sockets = [1, 2, 3, 4].map(lane => bench.open(lane).socket)
  bench.network.spreadDelays(new Prng(5))
  const tookMs = (from: number, to: number): number => {
    const sentAtMs = bench.kernel.nowMs
    let at = 0
    sockets[to]!.onDatagram = () => (at = bench.kernel.nowMs)
    sockets[from]!.send(numbered(1), sockets[to]!.address)
    bench.kernel.runUntil(sentAtMs + 10)
    return Math.round((at - sentAtMs) * 1e6)
  }
  const links = [0, 1, 2, 3].flatMap(from => [0, 1, 2, 3].filter(to => to !== from).map(to => [from, to] as const))
  const first = links.map(([from, to]) => tookMs(from, to))
  t.same(
    links.map(([from, to]) => tookMs(from, to)),
    first,
  )
  t.equal(new Set(first).size, links.length)
  t.ok(Math.min(...first) >= 1e6 && Math.max(...first) <= 5e6 && Math.max(...first) - Math.min(...first) > 1e6)
  t.end()
})

void t.test('cuts are one-way, add up, and heal', t => {
  const bench = new NetworkBench(still)
  const [a, b] = [bench.open(1).socket, bench.open(2).socket]
  const heard = (): string => {
    const before = [a.datagramsReceived, b.datagramsReceived]
    a.send(numbered(1), b.address)
    b.send(numbered(2), a.address)
    bench.kernel.runUntil(bench.kernel.nowMs + 1)
    return `${a.datagramsReceived - before[0]!} ${b.datagramsReceived - before[1]!}`
  }
  t.equal(heard(), '1 1')
  bench.network.cut(1, 2)
  t.equal(heard(), '1 0')
  bench.network.cut(1, 2)
  bench.network.heal(1, 2)
  t.equal(heard(), '1 0', 'two faults cut it, one still does')
  t.ok(bench.network.isCut(1, 2) && !bench.network.isCut(2, 1))
  bench.network.heal(1, 2)
  t.equal(heard(), '1 1')
  t.equal(bench.tally.of('lost: cut'), 2)
  t.end()
})

void t.test('a script drops what it wants, and records what is sent', t => {
  const bench = new NetworkBench(still)
  const [a, b] = [bench.open(1).socket, bench.open(2).socket]
  const recorded: string[] = []
  bench.network.recorders.add((from, to, bytes) => recorded.push(`${from} ${to} ${bytes[0]}`))
  bench.network.filter = (from, to, bytes) => from === 1 && to === 2 && bytes[0] === 7
  for (const number of [6, 7, 8]) a.send(numbered(number), b.address)
  b.send(numbered(7), a.address)
  bench.kernel.runUntil(9)
  t.same([a.datagramsReceived, b.datagramsReceived], [1, 2])
  t.equal(bench.tally.of('lost: filter'), 1)
  t.same(recorded, ['1 2 6', '1 2 7', '1 2 8', '2 1 7'])
  t.end()
})

void t.test('a datagram out of nowhere arrives in the name of whoever it says, and nobody hears what is closed', t => {
  const bench = new NetworkBench(still)
  const { socket } = bench.open(2)
  const from: string[] = []
  socket.onDatagram = (bytes, address) => from.push(`${bytes.length} ${address.key}`)
  bench.network.inject(numbered(1), addressOf(5), addressOf(2), 0)
  bench.network.inject(numbered(1), addressOf(5), addressOf(9), 0)
  bench.kernel.runUntil(9)
  t.same(from, [`40 ${addressOf(5).key}`])
  t.equal(bench.tally.of('datagram: forged'), 2)
  t.equal(bench.tally.of('lost: closed'), 1)
  t.same(bench.told, [
    'sent 0 2 1',
    'mangled 2 1 forged',
    'sent 0 0 2',
    'mangled 0 2 forged',
    'delivered 0 2 1 of 0',
    'lost 0 0 2 closed',
  ])
  t.end()
})

void t.test('what is done to some datagrams does not decide what is done to others', t => {
  const lossy = { lossShare: 0.2, delayFromMs: 0, delayToMs: 0.5 }
  const firstArrivals = (quality: Partial<LinkQuality>, seed = 7) =>
    [...new Set(talk(quality, 2_000, seed).numbers)].sort()
  const expected = firstArrivals(lossy)
  t.ok(expected.length < 1_700)
  t.same(firstArrivals(lossy), expected)
  t.not(firstArrivals(lossy, 8).join(), expected.join())
  t.same(firstArrivals({ ...lossy, duplicateShare: 0.5 }), expected)
  t.same(firstArrivals({ ...lossy, lateShare: 0.3 }), expected)
  t.same(firstArrivals({ ...lossy, reorderShare: 0.3 }), expected)
  t.same(firstArrivals({ ...lossy, bytesPerMs: 1_000 }), expected)
  const corrupt = talk({ ...lossy, corruptShare: 0.5 }, 2_000, 7)
  t.equal(corrupt.arrivals.length, expected.length)
  t.end()
})

function bitsApart(a: Uint8Array, b: Uint8Array): number {
  let bits = 0
  a.forEach((byte, i) => {
    for (let x = byte ^ b[i]!; x !== 0; x &= x - 1) bits++
  })
  return bits
}
