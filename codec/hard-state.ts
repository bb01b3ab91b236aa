/**
 * A slot of the hard state: currentTerm and votedFor of figure 2 of the Raft paper, as one durable record (K16). The file
 * `hard-state` holds two slots, at byte 0 and at byte 4096, so that no sector and no page belongs to both.
 *
 *       0          4          8                   16                   24                   32         36         48
 *       +----------+----------+--------------------+--------------------+--------------------+----------+----------+
 *       |  magic   | checksum |    incarnation     |      sequence      |    currentTerm     | votedFor |    0     |
 *       |  "RGHS"  |   u32    |         id         |         id         |         id         |   u32    |          |
 *       +----------+----------+--------------------+--------------------+--------------------+----------+----------+
 *
 * `checksum` covers bytes 8..48. `sequence` goes up by one with each save; both slots get the same.
 */
import type { HardState } from '../src/raft/types.js'
import { checksum } from './checksum.js'
import { readId, viewOf, writeId } from './cursor.js'

const magic = 0x53_48_47_52
const checksumAt = 4
const incarnationAt = 8
const sequenceAt = 16
const currentTermAt = 24
const votedForAt = 32

export const hardStateSlotBytes = 48

/** Where the two slots begin. */
export const hardStateSlotOffsets = [0, 4_096] as const

export interface HardStateSlot {
  /** Of the data directory that the slot belongs to. */
  readonly incarnation: number
  readonly sequence: number
  readonly hardState: HardState
}

export function encodeHardStateSlot(slot: HardStateSlot): Uint8Array {
  const bytes = new Uint8Array(hardStateSlotBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magic, true)
  writeId(view, incarnationAt, slot.incarnation)
  writeId(view, sequenceAt, slot.sequence)
  writeId(view, currentTermAt, slot.hardState.currentTerm)
  view.setUint32(votedForAt, slot.hardState.votedFor, true)
  view.setUint32(checksumAt, checksum(bytes.subarray(incarnationAt)), true)
  return bytes
}

/** The slot that begins at `offset`, or null if it is damaged or missing. */
export function decodeHardStateSlot(bytes: Uint8Array, offset: number): HardStateSlot | null {
  const slot = bytes.subarray(offset, offset + hardStateSlotBytes)
  if (slot.length < hardStateSlotBytes) return null
  const view = viewOf(slot)
  if (view.getUint32(0, true) !== magic) return null
  if (view.getUint32(checksumAt, true) !== checksum(slot.subarray(incarnationAt))) return null
  return {
    incarnation: readId(view, incarnationAt),
    sequence: readId(view, sequenceAt),
    hardState: { currentTerm: readId(view, currentTermAt), votedFor: view.getUint32(votedForAt, true) },
  }
}
