import t from 'tap'
import { diskBytesBetween, largestDatagramBytes, rssMiB } from '../../bench/server-costs.js'
import type { ServerStatus } from '../../src/node/status.js'

function serverOf(id: number, uptimeMs: number, bytesWritten: number): ServerStatus {
  const told = {
    id,
    uptimeMs,
    storage: { bytesWritten, bytesZeroed: 10 },
    memory: { rssBytes: id * 2 ** 20 },
    peers: [{ datagramBytesMax: 1_200 + id }],
  }
  return told as unknown as ServerStatus
}

const before = [serverOf(1, 5_000, 100), serverOf(2, 60, 200)]

void t.test('what was written in between', t => {
  t.equal(diskBytesBetween(before, [serverOf(2, 3_060, 1_200), serverOf(1, 8_000, 400)], 3_000), 1_300)
  t.end()
})

void t.test('regression_what_silent_servers_wrote_is_not_known', t => {
  t.equal(diskBytesBetween(before, [], 3_000), null, 'it was a negative number')
  t.equal(diskBytesBetween(before, [serverOf(1, 8_000, 400)], 3_000), null)
  t.equal(diskBytesBetween(before, [serverOf(1, 8_000, 400), serverOf(2, 2_000, 90)], 3_000), null, 'started again')
  t.equal(diskBytesBetween([], [serverOf(1, 8_000, 400)], 3_000), null)
  t.equal(rssMiB([]), null)
  t.equal(largestDatagramBytes([]), null)
  t.end()
})

void t.test('of the largest', t => {
  t.equal(rssMiB(before), 2)
  t.equal(largestDatagramBytes(before), 1_202)
  t.equal(largestDatagramBytes([{ ...serverOf(1, 0, 0), peers: [] }]), 0)
  t.end()
})
