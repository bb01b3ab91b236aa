/**
 * The header of a segment: the first 128 bytes of each file of the log. It names the log that the file belongs to, its
 * place in it, and what the log held before it, so that a file which was lost, doubled or taken from elsewhere is known
 * as such (K08). Batches follow from byte 128 on (see batch.ts).
 *
 *       0          4          8          12         16                   24         28         32
 *       +----------+----------+----------+----------+--------------------+----------+----------+
 *       |  magic   | checksum | version  | segment- |     clusterId      | serverId |    0     |
 *       |  "RGSG"  |   u32    |   u32    | Bytes u32|         id         |   u32    |          |
 *    32 +----------+----------+----------+----------+--------------------+----------+----------+
 *       |     incarnation     |      sequence       |  salt, 64 bits     |    previousIndex    |
 *       |         id          |         id          |  two u32           |         id          |
 *    64 +---------------------+---------------------+--------------------+---------------------+
 *       |    previousTerm     |  firstBatchNumber   |  zeros up to 128                         |
 *       |         id          |         id          |                                          |
 *       +---------------------+---------------------+------------------------------------------+
 *
 * `checksum` covers bytes 8..128. `segmentBytes` is how long this file was made: a shorter one has lost something.
 * `salt` is random and new at each life of a file, so that what an earlier life wrote is never taken for a batch.
 * (`previousIndex`, `previousTerm`) is the last entry in force when the segment began: where it is the oldest that is
 * left, the log begins after that entry.
 *
 * Version 2: batches may be resets. Until the first release a change of format replaces the one before.
 */
import type { LogIndex, ServerId, Term } from '../src/raft/types.js'
import { checksum } from './checksum.js'
import { readId, viewOf, writeId } from './cursor.js'

const magic = 0x47_53_47_52
const checksumAt = 4
const versionAt = 8
const segmentBytesAt = 12
const clusterIdAt = 16
const serverIdAt = 24
const incarnationAt = 32
const sequenceAt = 40
const saltLowAt = 48
const saltHighAt = 52
const previousIndexAt = 56
const previousTermAt = 64
const firstBatchNumberAt = 72

/** Bytes before the first batch; a multiple of 64, on which batches begin. */
export const segmentHeaderBytes = 128

/** The version of segments and batches that this program writes and reads. */
export const segmentVersion = 2

/** 64 random bits of one life of a segment file. */
export interface Salt {
  readonly low: number
  readonly high: number
}

export interface SegmentHeader {
  readonly segmentBytes: number
  readonly clusterId: number
  readonly serverId: ServerId
  /** Of the data directory: the log's identity. */
  readonly incarnation: number
  /** Position of this segment in the log; the first is 1. */
  readonly sequence: number
  readonly salt: Salt
  readonly previousIndex: LogIndex
  readonly previousTerm: Term
  readonly firstBatchNumber: number
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  view.setUint32(versionAt, segmentVersion, true)
  view.setUint32(segmentBytesAt, header.segmentBytes, true)
  writeId(view, clusterIdAt, header.clusterId)
  view.setUint32(serverIdAt, header.serverId, true)
  writeId(view, incarnationAt, header.incarnation)
  writeId(view, sequenceAt, header.sequence)
  view.setUint32(saltLowAt, header.salt.low, true)
  view.setUint32(saltHighAt, header.salt.high, true)
  writeId(view, previousIndexAt, header.previousIndex)
  writeId(view, previousTermAt, header.previousTerm)
  writeId(view, firstBatchNumberAt, header.firstBatchNumber)
  view.setUint32(checksumAt, checksum(bytes.subarray(versionAt)), true)
  return bytes
}

/** The header at the beginning of `bytes`; 'other-version' if another version wrote it; null if there is none. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | 'other-version' | null {
  if (bytes.length < segmentHeaderBytes) return null
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return null
  if (view.getUint32(checksumAt, true) !== checksum(bytes.subarray(versionAt, segmentHeaderBytes))) return null
  if (view.getUint32(versionAt, true) !== segmentVersion) return 'other-version'
  return {
    segmentBytes: view.getUint32(segmentBytesAt, true),
    clusterId: readId(view, clusterIdAt),
    serverId: view.getUint32(serverIdAt, true),
    incarnation: readId(view, incarnationAt),
    sequence: readId(view, sequenceAt),
    salt: { low: view.getUint32(saltLowAt, true), high: view.getUint32(saltHighAt, true) },
    previousIndex: readId(view, previousIndexAt),
    previousTerm: readId(view, previousTermAt),
    firstBatchNumber: readId(view, firstBatchNumberAt),
  }
}
