import t from 'tap'
import { DropCounters } from '../../src/transport/drop-counters.js'
import { LinkCounters } from '../../src/transport/link-counters.js'
import { outboxBytesMax } from '../../src/transport/outbox.js'
import { linkReassemblyBytesMax } from '../../src/transport/reassembly.js'

const now = {
  lossShare: 0.123456,
  roundTripMs: 1.23456,
  windowBytes: 100.9,
  inFlightBytes: 2,
  waitingBytes: 3,
  reassemblyBytes: 4,
  datagramBytesMax: 1_200,
}

void t.test('a link is described by what it counted and what it knows now, in numbers worth reading', t => {
  const counters = new LinkCounters()
  t.match(counters.describe(now), { sent: 0, roundTripP50Ms: 0, roundTripP99Ms: 0, drops: {} })
  counters.sent = 7
  for (let ms = 1; ms <= 100; ms++) counters.roundTrip(ms)
  const described = counters.describe(now)
  t.match(described, {
    ...{ sent: 7, lossShare: 0.1235, roundTripMs: 1.235, windowBytes: 100, inFlightBytes: 2, datagramBytesMax: 1_200 },
    ...{ waitingBytes: 3, waitingBytesMax: outboxBytesMax },
    ...{ reassemblyBytes: 4, reassemblyBytesMax: linkReassemblyBytesMax },
  })
  t.ok(Math.abs(described.roundTripP50Ms - 50) < 1 && Math.abs(described.roundTripP99Ms - 99) < 1.5)
  t.end()
})

void t.test('drops are counted by reason; what is handed out does not change any more', t => {
  const drops = new DropCounters()
  drops.count('replayed')
  drops.count('outdated', 3)
  const before = drops.all
  drops.count('replayed')
  t.same(
    [before, drops.all],
    [
      { replayed: 1, outdated: 3 },
      { replayed: 2, outdated: 3 },
    ],
  )
  t.end()
})

void t.test('everything that is counted is told', t => {
  const counters = new LinkCounters()
  const names = [
    ...(['sent', 'sentBytes', 'received', 'receivedBytes', 'lost', 'late', 'repeatedMessages'] as const),
    ...(['repeatedBytes', 'doubled', 'probes', 'duplicates', 'outOfOrder', 'blackHoles'] as const),
  ]
  names.forEach((name, i) => (counters[name] = i + 1))
  t.match(counters.describe(now), Object.fromEntries(names.map((name, i) => [name, i + 1])))
  t.end()
})
