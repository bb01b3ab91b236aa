/**
 * The envelope: the first 64 bytes of every datagram. It says who speaks and from which life, numbers the datagram,
 * acknowledges those of the other side, and guards every bit of what follows.
 *
 *      0          4     5     6        8          12         16                                24
 *      +----------+-----+-----+--------+----------+----------+---------------------------------+
 *      |  "RGRM"  | ver | kind| sender | checksum |  receive |            clusterId            |
 *      |          | u8  | u8  |  u16   |   u32    | window B |               id                |
 *      +----------+-----+-----+--------+----------+----------+---------------------------------+
 *      24               32               40                   48
 *      +----------------+----------------+--------------------+----------------------+
 *      |  incarnation   |   bootNonce    |    packetNumber    |  ackedPacketNumber   |
 *      |       id       |       id       |         id         |          id          |
 *      +----------------+----------------+--------------------+----------------------+
 *      56               60               64
 *      +----------------+----------------+-- ... ----+
 *      |  ackedBitsLow  | ackedBitsHigh  | messages  |
 *      |      u32       |      u32       |           |
 *      +----------------+----------------+-- ... ----+
 *
 * `checksum` is the CRC of the bytes 4..8 (version, kind, sender) followed by those from 12 to the end of the datagram;
 * the magic is compared as it stands. Magic and version keep their places in every later version, so that a
 * server of another version is told apart from noise. `kind` is 1 for peer, 2 for request, 3 for answer, with 128 added
 * where the sender asks for an acknowledgement, 64 more where it asks for it at once, and 32 where the next datagram
 * follows this one at once.
 *
 * What is acknowledged is the highest packet number that arrived and, bit by bit, which of the 64 below it did: bit i of
 * `ackedBitsLow` stands for ackedPacketNumber - 1 - i, bit i of `ackedBitsHigh` for ackedPacketNumber - 33 - i. Every
 * datagram says it anew, so a lost acknowledgement costs nothing.
 */
import { assert } from '../src/base/assert.js'
import type { ServerId } from '../src/raft/types.js'
import { checksum, wordChecksum } from './checksum.js'
import { readId, viewOf, writeId } from './cursor.js'
import { serverIdMax } from './limits.js'

/** Between servers; from a client to a server; from a server to a client. */
export type EnvelopeKind = 'peer' | 'request' | 'answer'

export interface Envelope {
  readonly kind: EnvelopeKind
  /** Which cluster is meant, between servers which server of it (transport/addressee.ts); 0 from a client that was not welcomed. */
  readonly clusterId: number
  /** The server that sent this, or 0 for a client. */
  readonly sender: ServerId
  /** Of a server: its data directory. Of a client: the token of the Welcome, 0 before. */
  readonly incarnation: number
  /** Random at each start of the sender's process. */
  readonly bootNonce: number
  /** Never reused by one boot of the sender. */
  readonly packetNumber: number
  /** Whether the addressee shall say that this arrived: soon, or in the very turn in which it comes. */
  readonly asksForAcknowledgement: 'no' | 'soon' | 'at once'
  /** Whether the sender has another datagram for the addressee, and sends it right behind this one. */
  readonly isFollowed: boolean
  /** The highest packet number that arrived from the addressee's present boot, 0 for none. */
  readonly ackedPacketNumber: number
  /** Which of the 64 packets below that arrived, too; no bits where it is 0. */
  readonly ackedBitsLow: number
  readonly ackedBitsHigh: number
  /** What the sender of this datagram accepts in flight from the addressee; below 2^32. */
  readonly receiveWindowBytes: number
}

/** Why a datagram has no envelope that could be believed. */
export type EnvelopeError = 'too-short' | 'bad-magic' | 'other-version' | 'bad-checksum' | 'malformed'

/** Of everything that stands in a datagram. Another version is not understood at all. */
export const formatVersion = 2

/** The bytes "RGRM", read as a little-endian word. */
const magic = 0x4d_52_47_52

const magicAt = 0
const versionAt = 4
const kindAt = 5
const senderAt = 6
const checksumAt = 8
const receiveWindowAt = 12
const clusterIdAt = 16
const incarnationAt = 24
const bootNonceAt = 32
const packetNumberAt = 40
const ackedPacketNumberAt = 48
const ackedBitsLowAt = 56
const ackedBitsHighAt = 60

/** Bytes of a datagram before its first message. */
export const envelopeBytes = 64

const peerCode = 1
const requestCode = 2
const answerCode = 3
const asksForAcknowledgementFlag = 0x80
const atOnceFlag = 0x40
const followedFlag = 0x20

/**
 * Writes the header in front of messages that already stand in `bytes` from `envelopeBytes` on, and seals the whole
 * datagram [0, totalBytes). `view` is that of `bytes`.
 */
export function writeEnvelope(bytes: Uint8Array, view: DataView, envelope: Envelope, totalBytes: number): void {
  assert(totalBytes >= envelopeBytes && totalBytes <= bytes.length, 'a datagram lies within its buffer')
  assert(isSenderOf(envelope.kind, envelope.sender), 'servers have an id, clients have none')
  assert(envelope.receiveWindowBytes >>> 0 === envelope.receiveWindowBytes, 'a receive window fits 32 bits')
  view.setUint32(magicAt, magic, true)
  view.setUint8(versionAt, formatVersion)
  view.setUint8(kindAt, codeOf(envelope.kind) | flagsOf(envelope))
  view.setUint16(senderAt, envelope.sender, true)
  view.setUint32(receiveWindowAt, envelope.receiveWindowBytes, true)
  writeId(view, clusterIdAt, envelope.clusterId)
  writeId(view, incarnationAt, envelope.incarnation)
  writeId(view, bootNonceAt, envelope.bootNonce)
  writeId(view, packetNumberAt, envelope.packetNumber)
  writeId(view, ackedPacketNumberAt, envelope.ackedPacketNumber)
  view.setUint32(ackedBitsLowAt, envelope.ackedBitsLow, true)
  view.setUint32(ackedBitsHighAt, envelope.ackedBitsHigh, true)
  view.setUint32(checksumAt, datagramChecksum(bytes, view, totalBytes), true)
}

/**
 * The envelope of a received datagram, or why there is none. A version other than ours is reported before the checksum
 * is looked at, because another version may compute it otherwise.
 */
export function readEnvelope(bytes: Uint8Array): Envelope | EnvelopeError {
  if (bytes.length < envelopeBytes) return 'too-short'
  const view = viewOf(bytes)
  if (view.getUint32(magicAt, true) !== magic) return 'bad-magic'
  if (view.getUint8(versionAt) !== formatVersion) return 'other-version'
  if (view.getUint32(checksumAt, true) !== datagramChecksum(bytes, view, bytes.length)) return 'bad-checksum'
  const code = view.getUint8(kindAt)
  const kind = kindOf(code & ~(asksForAcknowledgementFlag | atOnceFlag | followedFlag))
  const asks = (code & asksForAcknowledgementFlag) !== 0
  const isAtOnce = (code & atOnceFlag) !== 0
  const sender = view.getUint16(senderAt, true)
  const clusterId = readId(view, clusterIdAt)
  const incarnation = readId(view, incarnationAt)
  const bootNonce = readId(view, bootNonceAt)
  const packetNumber = readId(view, packetNumberAt)
  const ackedPacketNumber = readId(view, ackedPacketNumberAt)
  const ackedBitsLow = view.getUint32(ackedBitsLowAt, true)
  const ackedBitsHigh = view.getUint32(ackedBitsHighAt, true)
  if (kind === null || (isAtOnce && !asks) || !isSenderOf(kind, sender)) return 'malformed'
  if (clusterId < 0 || incarnation < 0 || bootNonce < 0 || packetNumber < 0 || ackedPacketNumber < 0) return 'malformed'
  if (ackedPacketNumber === 0 && (ackedBitsLow !== 0 || ackedBitsHigh !== 0)) return 'malformed'
  const receiveWindowBytes = view.getUint32(receiveWindowAt, true)
  return {
    kind,
    clusterId,
    sender,
    incarnation,
    bootNonce,
    packetNumber,
    asksForAcknowledgement: isAtOnce ? 'at once' : asks ? 'soon' : 'no',
    isFollowed: (code & followedFlag) !== 0,
    ackedPacketNumber,
    ackedBitsLow,
    ackedBitsHigh,
    receiveWindowBytes,
  }
}

/** One native call for the whole datagram: it goes on where version, kind and sender ended. */
function datagramChecksum(bytes: Uint8Array, view: DataView, totalBytes: number): number {
  return checksum(bytes.subarray(receiveWindowAt, totalBytes), wordChecksum(view.getUint32(versionAt, true)))
}

function isSenderOf(kind: EnvelopeKind, sender: ServerId): boolean {
  return kind === 'request' ? sender === 0 : sender >= 1 && sender <= serverIdMax
}

function codeOf(kind: EnvelopeKind): number {
  if (kind === 'peer') return peerCode
  return kind === 'request' ? requestCode : answerCode
}

function flagsOf({ asksForAcknowledgement, isFollowed }: Envelope): number {
  const asks = asksForAcknowledgement === 'no' ? 0 : asksForAcknowledgementFlag
  const atOnce = asksForAcknowledgement === 'at once' ? atOnceFlag : 0
  return asks | atOnce | (isFollowed ? followedFlag : 0)
}

function kindOf(code: number): EnvelopeKind | null {
  if (code === peerCode) return 'peer'
  if (code === requestCode) return 'request'
  return code === answerCode ? 'answer' : null
}
