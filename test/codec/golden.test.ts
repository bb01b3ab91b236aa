/**
 * The files of test/golden/, one for each format of a data directory: today's encoder gives exactly these bytes, and
 * they decode to these values. RAFTGRAM_GOLDEN=write makes them anew: see codec/FORMAT.md for when that may be.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join as joinPath, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { decodeBatch, encodeBatch } from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { decodeHardStateSlot, encodeHardStateSlot, hardStateSlotOffsets } from '../../codec/hard-state.js'
import { decodeIdentity, encodeIdentity } from '../../codec/identity.js'
import { decodeSegmentHeader, encodeSegmentHeader, segmentHeaderBytes } from '../../codec/segment.js'
import {
  chunkHeaderBytes,
  chunkOffset,
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  hashChunk,
  openChunk,
  sealChunk,
  snapshotHeaderBytes,
} from '../../codec/snapshot.js'
import type { Entry } from '../../src/raft/types.js'
import { hexOf, join, text } from './bytes.js'
import { encodeCommands } from './checks.js'

const folder = joinPath(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'test/golden')

/** Ids beyond 32 bits, so that both words of each show. */
const incarnation = 0x1_2345_6789_abcd
const clusterId = 0xf_edcb_a987_6543

/** The file of this name; `encoded` has to be what it holds. */
function golden(t: Test, name: string, encoded: Uint8Array): Uint8Array {
  const path = joinPath(folder, name)
  if (process.env['RAFTGRAM_GOLDEN'] === 'write') writeFileSync(path, encoded)
  const bytes = Uint8Array.from(readFileSync(path))
  t.equal(hexOf(encoded), hexOf(bytes), `${name} is what the encoder gives today`)
  return bytes
}

void t.test('identity', t => {
  const foundingCluster = '1=10.0.0.1:7001,2=10.0.0.2:7001,3=[::1]:7001'
  const identity = { serverId: 3, clusterId, clusterName: 'Obstgärten', incarnation, foundingCluster }
  t.same(decodeIdentity(golden(t, 'identity', encodeIdentity(identity))), identity)
  t.end()
})

void t.test('hard-state', t => {
  const slot = { incarnation, sequence: 7, hardState: { currentTerm: 2 ** 32 + 5, votedFor: 2 } }
  const encoded = new Uint8Array(hardStateSlotOffsets[1] + encodeHardStateSlot(slot).length)
  for (const offset of hardStateSlotOffsets) encoded.set(encodeHardStateSlot(slot), offset)
  const bytes = golden(t, 'hard-state', encoded)
  for (const offset of hardStateSlotOffsets) t.same(decodeHardStateSlot(bytes, offset), slot)
  t.end()
})

void t.test('segment, with a batch of two entries and a seal', t => {
  const salt = { low: 0x89ab_cdef, high: 0x0123_4567 }
  const place = { sequence: 2, previousIndex: 2 ** 33, previousTerm: 4, firstBatchNumber: 11 }
  const header = { segmentBytes: 512, clusterId, serverId: 3, incarnation, salt, ...place }
  const commands = encodeCommands([
    { kind: 'open' },
    { kind: 'execute', sessionId: 9, sequence: 2, answeredUpTo: 1, command: text('what the machine gets') },
  ])
  const entry = (index: number, kind: Entry['kind'], payload: Uint8Array): Entry => {
    return { index, term: 5, kind, payload, record: null }
  }
  const entries = [entry(2 ** 33 + 1, 'noop', new Uint8Array(0)), entry(2 ** 33 + 2, 'commands', commands)]
  const encoded = new Uint8Array(512)
  encoded.set(encodeSegmentHeader(header))
  const meta = { currentTerm: 6, commitIndex: 2 ** 33 + 1, reset: null }
  const batch = encoded.subarray(segmentHeaderBytes)
  const batchEnd = encodeBatch(batch, viewOf(batch), salt, { number: 11, entries, ...meta })
  const seal = batch.subarray(batchEnd)
  const sealEnd = encodeBatch(seal, viewOf(seal), salt, { number: 12, entries: [], ...meta })
  const bytes = golden(t, 'segment', encoded)
  t.same(decodeSegmentHeader(bytes), header)
  const first = bytes.subarray(segmentHeaderBytes, segmentHeaderBytes + batchEnd)
  const decoded = decodeBatch(first)
  t.match(decoded, { number: 11, entryCount: 2, seal: false, ...meta })
  t.match(
    [0, 1].map(position => decoded?.runs[0]?.at(position)),
    entries,
  )
  const second = bytes.subarray(segmentHeaderBytes + batchEnd, segmentHeaderBytes + batchEnd + sealEnd)
  t.match(decodeBatch(second), { number: 12, entryCount: 0, seal: true, ...meta })
  t.end()
})

void t.test('snapshot', t => {
  const payload = text('the body of a snapshot, which is shorter than one chunk')
  const meta = { lastIncludedIndex: 2 ** 33 + 1, lastIncludedTerm: 5, voters: [1, 2, 65_535] }
  const body = { totalBytes: payload.length, hash: hashChunk(payload, 0) }
  const header = { clusterId, serverId: 3, incarnation, ...meta, ...body }
  const chunk = join(new Uint8Array(chunkHeaderBytes), payload)
  sealChunk(chunk, viewOf(chunk), 0, 0, payload.length)
  const bytes = golden(t, 'snapshot', join(encodeSnapshotHeader(header), chunk))
  t.same(decodeSnapshotHeader(bytes.subarray(0, snapshotHeaderBytes)), header)
  t.same(openChunk(bytes, viewOf(bytes), chunkOffset(0), 0, payload.length), payload)
  t.end()
})
