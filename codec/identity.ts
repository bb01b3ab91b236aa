/**
 * The file `identity`: whose data directory this is. Written once, last of all when a directory is made.
 *
 *       0          4          8          12         16                   24                   32
 *       +----------+----------+----------+----------+--------------------+--------------------+
 *       |  magic   | checksum | version  | id, flags|     clusterId      |    incarnation     |
 *       |  "RGID"  |   u32    |   u32    | u16 each |         id         |         id         |
 *    32 +----------+----------+----------+----------+--------------------+--------------------+
 *       | nameBytes| founding-| cluster name, UTF-8, nameBytes of it                          |
 *       |   u32    | Bytes u32| founding cluster list, UTF-8, foundingBytes of it             |
 *       +----------+----------+---------------------------------------------------------------+
 *
 * `checksum` covers everything from byte 8 to the end of the file. `incarnation` is random: a server that comes back
 * with an empty directory has another one, and so cannot pass for the one that voted. Flag 1: the directory was made to be
 * filled from the other servers, and takes no part in the founding of a cluster.
 */
import type { ServerId } from '../src/raft/types.js'
import { checksum } from './checksum.js'
import { readId, viewOf, writeId } from './cursor.js'

const magic = 0x44_49_47_52
const checksumAt = 4
const versionAt = 8
const serverIdAt = 12
const flagsAt = 14
const clusterIdAt = 16
const incarnationAt = 24
const nameBytesAt = 32
const foundingBytesAt = 36
const textAt = 40

/** The version of the data directory as a whole that this program writes and reads. */
export const directoryVersion = 1

export interface Identity {
  readonly serverId: ServerId
  readonly clusterId: number
  readonly clusterName: string
  /** Random, drawn when the directory was made. */
  readonly incarnation: number
  /** The founding cluster list, as it was given when the directory was made. */
  readonly foundingCluster: string
  /** Made to be filled from the other servers of a cluster that is founded. */
  readonly isForRepair?: true
}

export function encodeIdentity(identity: Identity): Uint8Array {
  const encoder = new TextEncoder()
  const name = encoder.encode(identity.clusterName)
  const founding = encoder.encode(identity.foundingCluster)
  const bytes = new Uint8Array(textAt + name.length + founding.length)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  view.setUint32(versionAt, directoryVersion, true)
  view.setUint16(serverIdAt, identity.serverId, true)
  view.setUint16(flagsAt, identity.isForRepair === true ? 1 : 0, true)
  writeId(view, clusterIdAt, identity.clusterId)
  writeId(view, incarnationAt, identity.incarnation)
  view.setUint32(nameBytesAt, name.length, true)
  view.setUint32(foundingBytesAt, founding.length, true)
  bytes.set(name, textAt)
  bytes.set(founding, textAt + name.length)
  view.setUint32(checksumAt, checksum(bytes.subarray(versionAt)), true)
  return bytes
}

/**
 * The identity that takes exactly `bytes`; the number of its version if another version wrote it, whatever that means
 * by the rest; null if it is damaged.
 */
export function decodeIdentity(bytes: Uint8Array): Identity | { readonly otherVersion: number } | null {
  if (bytes.length < textAt) return null
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return null
  if (view.getUint32(checksumAt, true) !== checksum(bytes.subarray(versionAt))) return null
  const version = view.getUint32(versionAt, true)
  if (version !== directoryVersion) return { otherVersion: version }
  const nameEnd = textAt + view.getUint32(nameBytesAt, true)
  if (nameEnd + view.getUint32(foundingBytesAt, true) !== bytes.length) return null
  const decoder = new TextDecoder()
  return {
    ...(view.getUint16(flagsAt, true) === 1 ? { isForRepair: true as const } : {}),
    serverId: view.getUint16(serverIdAt, true),
    clusterId: readId(view, clusterIdAt),
    clusterName: decoder.decode(bytes.subarray(textAt, nameEnd)),
    incarnation: readId(view, incarnationAt),
    foundingCluster: decoder.decode(bytes.subarray(nameEnd)),
  }
}
