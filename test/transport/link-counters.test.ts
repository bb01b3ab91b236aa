import t from 'tap'
import { LinkCounters } from '../../src/transport/link-counters.js'

const now = {
  ...{ lossShare: 0.5, roundTripMs: 3, windowBytes: 10, inFlightBytes: 5, waitingBytes: 4, reassemblyBytes: 2 },
  datagramBytesMax: 1_200,
}

void t.test('what was counted, and what is known now', t => {
  const counters = new LinkCounters()
  t.match(counters.describe(now), { ...now, sent: 0, lost: 0, roundTripP50Ms: 0, roundTripP99Ms: 0 }, 'before any')
  const names = [
    'sent',
    'sentBytes',
    'received',
    'receivedBytes',
    'lost',
    'late',
    'repeatedMessages',
    'repeatedBytes',
  ] as const
  const others = ['doubled', 'probes', 'duplicates', 'outOfOrder', 'blackHoles'] as const
  ;[...names, ...others].forEach((name, i) => (counters[name] = i + 1))
  t.match(counters.describe(now), Object.fromEntries([...names, ...others].map((name, i) => [name, i + 1])))
  t.end()
})

void t.test('percentiles of round trips, in two figures', t => {
  const counters = new LinkCounters()
  for (let i = 1; i <= 1_000; i++) counters.roundTrip(i / 10)
  const { roundTripP50Ms, roundTripP99Ms } = counters.describe(now)
  t.ok(Math.abs(roundTripP50Ms - 50) < 1, `${roundTripP50Ms}`)
  t.ok(Math.abs(roundTripP99Ms - 99) < 2, `${roundTripP99Ms}`)
  counters.roundTrip(0)
  t.end()
})
