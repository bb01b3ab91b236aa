/** Large values over whole clusters: fragments that are lost, copied and mixed, slow links, and peers that hear nothing. */
import t from 'tap'
import type { LinkQuality } from '../../src/sim/network.js'
import { heartbeatMs, Story } from '../support/story.js'

const segmentBytes = 1_048_576

/** Puts `count` values of `bytes` each, some at a time, and reads them again; how long the puts took. */
function bulk(story: Story, count: number, bytes: number, atOnce = 4): number {
  const sinceMs = story.nowMs
  const name = `t${Math.round(sinceMs)}-`
  const valueOf = (i: number): string => `${name}${i}.`.repeat(Math.ceil(bytes / `${name}${i}.`.length)).slice(0, bytes)
  for (let i = 0; i < count; i += atOnce) {
    const asked = Array.from({ length: Math.min(atOnce, count - i) }, (_, j) => {
      return story.beginPut(`large${i + j}`, valueOf(i + j), j % 4)
    })
    for (const one of asked) if (story.end(one).code !== 'ok') throw new Error(`a put ends with ${one.code}`)
  }
  const tookMs = story.nowMs - sinceMs
  for (let i = 0; i < count; i++) if (story.get(`large${i}`) !== valueOf(i)) throw new Error(`large${i} is not whole`)
  return tookMs
}

void t.test(
  'U08: large values over links that lose, copy, mix and damage: each arrives whole, and nobody is elected',
  t => {
    const cases: Partial<LinkQuality>[] = [
      {},
      { lossShare: 0.1 },
      { duplicateShare: 0.5 },
      { reorderShare: 0.3, reorderMs: 20 },
      { lossShare: 0.05, duplicateShare: 0.3, reorderShare: 0.2, reorderMs: 10, corruptShare: 0.05, lateShare: 0.05 },
    ]
    for (const links of cases) {
      const story = new Story({ seed: 8, segmentBytes, uncommittedBytesMax: 4_000_000, unpersistedBytesMax: 4_000_000 })
      story.elect()
      story.settle()
      story.setLinks(links)
      story.told.length = 0
      const tookMs = bulk(story, 12, 60_000)
      t.same(story.told, [], `${JSON.stringify(links)}: ${Math.round(tookMs)} ms`)
      t.ok(story.cluster.invariants.messages.handedOut >= 36, 'from the clients, and to two followers')
      story.judge()
    }
    t.end()
  },
)

void t.test(
  'U18: 1 Mbit/s and a queue of a second: values of 30 kB go, one after the other, and nobody is elected',
  t => {
    const story = new Story({
      seed: 18,
      heartbeatMs: 100,
      electionTimeoutMs: 1_000,
      segmentBytes,
      links: { bytesPerMs: 125, queueBytes: 125_000, delayFromMs: 1, delayToMs: 2 },
    })
    story.elect()
    story.settle()
    story.told.length = 0
    const tookMs = bulk(story, 16, 30_000, 1)
    t.same(story.told, [])
    const share = (16 * 30_000) / 125 / tookMs
    t.ok(share > 0.3, `${Math.round(100 * share)} % of what one link carries`)
    story.judge()
    t.end()
  },
)

void t.test(
  'U01: one follower hears and says nothing for three hours: memory stays flat, and little is sent to it',
  t => {
    const story = new Story({ seed: 1, heartbeatMs: 500, electionTimeoutMs: 2_500, segmentBytes })
    story.elect(1)
    story.settle()
    story.isolate(3)
    const { transport } = story.process(1)
    const toIt = transport!.peer(3)!
    const used: string[] = []
    let most = 0
    for (let hour = 0; hour < 3; hour++) {
      const { sent } = toIt.status
      for (let minute = 0; minute < 60; minute++) {
        story.put('k', `v${hour}-${minute}`)
        story.runFor(60_000)
        const { waitingBytes, inFlightBytes } = toIt.status
        most = Math.max(most, waitingBytes + inFlightBytes)
      }
      used.push(`${toIt.status.sent - sent} datagrams`)
      t.ok(toIt.status.sent - sent < 4 * 7_200, `hour ${hour}: ${used.at(-1)}, of 7,200 heartbeats`)
    }
    t.ok(most < 20_000, `at most ${most} bytes wait or are in flight`)
    story.heal()
    story.settle()
    t.equal(story.get('k'), 'v2-59')
    story.judge()
    t.end()
  },
)

void t.test('U07: a path that carries less than before: what is under way goes on in smaller datagrams', t => {
  const story = new Story({
    seed: 7,
    segmentBytes,
    datagramSizes: [1_200, 1_472, 8_972],
    links: { datagramBytesMax: 8_972 },
  })
  story.elect()
  story.settle()
  bulk(story, 4, 60_000)
  const leader = story.process(story.leaderId).transport!
  const followers = story.others(story.leaderId).map(id => leader.peer(id)!)
  t.same(
    followers.map(link => link.datagramBytesMax),
    [8_972, 8_972],
    'the largest size is found',
  )
  story.told.length = 0
  story.setLinks({ datagramBytesMax: 1_500 })
  bulk(story, 12, 60_000)
  story.runFor(20 * heartbeatMs)
  for (const link of followers) t.ok(link.datagramBytesMax <= 1_472 && link.status.blackHoles > 0)
  t.ok(story.told.length <= 2, story.told.join(', '))
  story.judge()
  t.end()
})
