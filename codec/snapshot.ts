/**
 * A snapshot file: a header of 4,096 bytes, one page, then the body in chunks. The body is what the state machine and
 * the sessions gave, joined and cut anew every 31,736 bytes, so the place of each chunk follows from its number and the
 * body has the same chunks on every server. Four chunks are 31 pages: they can be written past the page cache.
 *
 *       0          4          8          12         16                   24                   32
 *       +----------+----------+----------+----------+--------------------+--------------------+
 *       |  magic   | checksum | version  | serverId |     clusterId      |    incarnation     |
 *       |  "RGSN"  |   u32    |   u32    |   u32    |         id         |         id         |
 *    32 +----------+----------+----------+----------+--------------------+--------------------+
 *       |  lastIncludedIndex  |  lastIncludedTerm   |     totalBytes     |        hash        |
 *       |         id          |         id          |         id         |         id         |
 *    64 +----------+----------+---------------------+--------------------+--------------------+
 *       |  voter-  | voters, u32 each, voterCount of them; then the incarnation of each, id  |
 *       | Count u32| each, 0 for one that is not admitted; zeros up to 4,096                 |
 *       +----------+--------------------------------------------------------------------------+
 *
 * 4,096 + 31,744 n     +4         +8
 *       +----------+----------+------ ... ------+
 *       | checksum |  bytes   | payload of the  |    n-th chunk, counted from 0
 *       |   u32    |   u32    | body            |
 *       +----------+----------+------ ... ------+
 *
 * The checksum of the header covers bytes 8..4,096. That of a chunk covers its number, as a word that does not stand in
 * the file, and then `bytes` and the payload: a chunk in the place of another is damage. `bytes` is 31,736 for all but
 * the last chunk; the file ends with the last, so its length follows from `totalBytes`. An empty body has no chunk.
 *
 * `hash` runs over the payloads in order, each seeded with the hash of those before it (src/base/hash.ts). It and
 * `totalBytes` stand in front and not in a trailer, because whoever goes on with half a file must know of which
 * snapshot it is the half. Whoever learns them last writes the header last.
 *
 * Version 4: whole pages. Until the first release a change of format replaces the one before.
 */
import { assert } from '../src/base/assert.js'
import { hashLong } from '../src/base/hash.js'
import type { Named, ServerId, SnapshotMeta } from '../src/raft/types.js'
import { checksum, wordChecksum } from './checksum.js'
import { admittedOf, incarnationBeside } from './admitted.js'
import { idBytes, readId, viewOf, writeId } from './cursor.js'
import { serverIdMax, snapshotPieceBytesMax } from './limits.js'

const magic = 0x4e_53_47_52
const checksumAt = 4
const versionAt = 8
const serverIdAt = 12
const clusterIdAt = 16
const incarnationAt = 24
const lastIncludedIndexAt = 32
const lastIncludedTermAt = 40
const totalBytesAt = 48
const hashAt = 56
const voterCountAt = 64
const votersAt = 68

/** Bytes before the first chunk. */
export const snapshotHeaderBytes = 4_096

/** The version of snapshot files that this program writes and reads. What the body means has versions of its own. */
export const snapshotVersion = 4

/** Versions before had a header of one sector: they are told apart from damage by that. */
const firstPagedVersion = 4
const sectorBytes = 512

/** Voters that a header has room for. */
export const snapshotVotersMax = (snapshotHeaderBytes - votersAt) / (4 + idBytes)

/** Bytes of the body in each chunk but the last. */
export const chunkPayloadBytesMax = snapshotPieceBytesMax

/** Bytes of a chunk before its payload. */
export const chunkHeaderBytes = 8

const chunkBytesAt = 4

/** Bytes that a full chunk takes. */
export const chunkBytesMax = chunkHeaderBytes + chunkPayloadBytesMax

/** So many chunks, counted from a multiple of them on, begin and end where pages of the file do. */
export const pagedChunks = 4

export interface SnapshotHeader extends SnapshotMeta {
  readonly clusterId: number
  /** Whose file it is: the server that wrote it, not the one that took the snapshot. */
  readonly serverId: ServerId
  /** Of the data directory that the file belongs to. */
  readonly incarnation: number
}

export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  const { voters } = header
  assert(voters.length <= snapshotVotersMax, 'the voters fit the header of a snapshot')
  const bytes = new Uint8Array(snapshotHeaderBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  view.setUint32(versionAt, snapshotVersion, true)
  view.setUint32(serverIdAt, header.serverId, true)
  writeId(view, clusterIdAt, header.clusterId)
  writeId(view, incarnationAt, header.incarnation)
  writeId(view, lastIncludedIndexAt, header.lastIncludedIndex)
  writeId(view, lastIncludedTermAt, header.lastIncludedTerm)
  writeId(view, totalBytesAt, header.totalBytes)
  writeId(view, hashAt, header.hash)
  view.setUint32(voterCountAt, voters.length, true)
  for (const [position, voter] of voters.entries()) {
    view.setUint32(votersAt + 4 * position, voter, true)
    writeId(view, votersAt + 4 * voters.length + idBytes * position, incarnationBeside(header, voter))
  }
  view.setUint32(checksumAt, checksum(bytes.subarray(versionAt)), true)
  return bytes
}

/**
 * The header at the beginning of `bytes`; 'other-version' if another version wrote it; null if there is none, or one
 * that says what cannot be.
 */
export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotHeader | 'other-version' | null {
  if (bytes.length < sectorBytes) return null
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return null
  const version = view.getUint32(versionAt, true)
  const headerBytes = version < firstPagedVersion ? sectorBytes : snapshotHeaderBytes
  if (bytes.length < headerBytes) return null
  if (view.getUint32(checksumAt, true) !== checksum(bytes.subarray(versionAt, headerBytes))) return null
  if (version !== snapshotVersion) return 'other-version'
  const voters = decodeVoters(bytes, view)
  const header = {
    clusterId: readId(view, clusterIdAt),
    serverId: view.getUint32(serverIdAt, true),
    incarnation: readId(view, incarnationAt),
    lastIncludedIndex: readId(view, lastIncludedIndexAt),
    lastIncludedTerm: readId(view, lastIncludedTermAt),
    totalBytes: readId(view, totalBytesAt),
    hash: readId(view, hashAt),
  }
  const isWhole = header.clusterId >= 0 && header.incarnation >= 0 && header.totalBytes >= 0 && header.hash >= 0
  const isAfterFirst = header.lastIncludedIndex >= 1 && header.lastIncludedTerm >= 1
  if (voters === null || !isWhole || !isAfterFirst) return null
  return { ...header, voters: voters.map(({ id }) => id), ...admittedOf(voters) }
}

function decodeVoters(bytes: Uint8Array, view: DataView): Named[] | null {
  const count = view.getUint32(voterCountAt, true)
  if (count > snapshotVotersMax) return null
  const incarnationsAt = votersAt + 4 * count
  const end = incarnationsAt + idBytes * count
  if (bytes.subarray(end, snapshotHeaderBytes).some(byte => byte !== 0)) return null
  const voters = Array.from({ length: count }, (_, position) => {
    const id: ServerId = view.getUint32(votersAt + 4 * position, true)
    return { id, incarnation: readId(view, incarnationsAt + idBytes * position) }
  })
  return voters.every(({ id, incarnation }) => id >= 1 && id <= serverIdMax && incarnation >= 0) ? voters : null
}

/** Chunks of a body of `totalBytes`. */
export function chunkCount(totalBytes: number): number {
  return Math.ceil(totalBytes / chunkPayloadBytesMax)
}

/** Where chunk `number` begins in the file. */
export function chunkOffset(number: number): number {
  return snapshotHeaderBytes + number * chunkBytesMax
}

/** Bytes of payload of chunk `number` in a body of `totalBytes`. */
export function chunkPayloadBytes(totalBytes: number, number: number): number {
  return Math.min(chunkPayloadBytesMax, totalBytes - number * chunkPayloadBytesMax)
}

/** Length of a file whose body has `totalBytes`. */
export function snapshotFileBytes(totalBytes: number): number {
  return snapshotHeaderBytes + chunkCount(totalBytes) * chunkHeaderBytes + totalBytes
}

/**
 * Writes the header of chunk `number` at `at` of `target`, whose view is `view`; its payload stands behind it. Returns its
 * checksum.
 */
export function sealChunk(
  target: Uint8Array,
  view: DataView,
  at: number,
  number: number,
  payloadBytes: number,
): number {
  view.setUint32(at + chunkBytesAt, payloadBytes, true)
  const sum = chunkChecksum(target, at, number, payloadBytes)
  view.setUint32(at, sum, true)
  return sum
}

/** The checksum of chunk `number` with this payload, wherever that stands. */
export function checksumOfChunk(number: number, payload: Uint8Array): number {
  const chunk = new Uint8Array(chunkHeaderBytes + payload.length)
  chunk.set(payload, chunkHeaderBytes)
  return sealChunk(chunk, viewOf(chunk), 0, number, payload.length)
}

/**
 * The payload of chunk `number`, which begins at `at` of `bytes` and has to hold `payloadBytes`; null if a single bit
 * of it is wrong. It is a subarray of `bytes`.
 */
export function openChunk(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  number: number,
  payloadBytes: number,
): Uint8Array | null {
  const begin = at + chunkHeaderBytes
  if (begin + payloadBytes > bytes.length || view.getUint32(at + chunkBytesAt, true) !== payloadBytes) return null
  if (view.getUint32(at, true) !== chunkChecksum(bytes, at, number, payloadBytes)) return null
  return bytes.subarray(begin, begin + payloadBytes)
}

function chunkChecksum(bytes: Uint8Array, at: number, number: number, payloadBytes: number): number {
  const guarded = bytes.subarray(at + chunkBytesAt, at + chunkHeaderBytes + payloadBytes)
  return checksum(guarded, wordChecksum(number))
}

/** The hash of a body up to and with this chunk's payload; `before` is that of the chunks before it, 0 for none. */
export function hashChunk(payload: Uint8Array, before: number): number {
  return hashLong(payload, before)
}
