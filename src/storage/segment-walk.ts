/**
 * Walks the batches of one segment, and tells a torn tail from corruption where they end.
 *
 * A batch counts if every bit of it is right, it carries the salt of this life of the file and the number that is due.
 * Behind the last one that counts there may be
 * - nothing of this life of the file: the segment ends here;
 * - a damaged batch and nothing valid after it: a torn tail. Only one write is in flight at a time and the next begins
 *   when it is durable, so this batch was never acknowledged, unless the medium damaged it before it was sealed;
 * - a damaged batch and a valid one after it: corruption, for batch n + 1 proves that batch n was durable, and to cut
 *   the log there would lose what was acknowledged (K19). Which entries inside a damaged batch are still readable proves
 *   nothing: pages reach a disk in any order.
 */
import {
  batchAlignBytes,
  batchHeaderBytes,
  batchWasBegun,
  claimedBatchBytes,
  decodeBatch,
  type Batch,
} from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { segmentHeaderBytes, type SegmentHeader } from '../../codec/segment.js'

export interface WalkedBatch {
  /** In the segment's file. */
  readonly offset: number
  /** The whole batch, a subarray of the segment: most of a log's segments is entries, which are kept. */
  readonly bytes: Uint8Array
  readonly batch: Batch
}

export type WalkEnd =
  | { readonly kind: 'clean'; readonly offset: number }
  | { readonly kind: 'torn'; readonly offset: number }
  | { readonly kind: 'corrupt'; readonly offset: number; readonly what: string }

export interface Walk {
  readonly end: WalkEnd
  /** Number that the next batch of the log has to carry. */
  readonly nextNumber: number
  readonly last: WalkedBatch | null
}

/** Walks `segment`, all bytes of the file whose header is `header`. `visit` may refuse a batch by saying what is wrong. */
export function walkSegment(
  segment: Uint8Array,
  header: SegmentHeader,
  visit: (walked: WalkedBatch) => string | null,
): Walk {
  const view = viewOf(segment)
  let nextNumber = header.firstBatchNumber
  let last: WalkedBatch | null = null
  let offset = segmentHeaderBytes
  for (;;) {
    const walked = batchAt(segment, offset, header, view)
    if (walked?.batch.number !== nextNumber) {
      return { end: endAt(segment, offset, header, view, nextNumber, walked), nextNumber, last }
    }
    const what = visit(walked)
    if (what !== null) return { end: { kind: 'corrupt', offset, what }, nextNumber, last }
    nextNumber++
    last = walked
    offset += walked.bytes.length
  }
}

/** The valid batch of this life of the file at `offset`, or null. */
function batchAt(segment: Uint8Array, offset: number, header: SegmentHeader, view: DataView): WalkedBatch | null {
  const claimed = claimedBatchBytes(segment, offset, header.salt, view)
  if (claimed === 0) return null
  const bytes = segment.subarray(offset, offset + claimed)
  const batch = decodeBatch(bytes)
  return batch === null ? null : { offset, bytes, batch }
}

function endAt(
  segment: Uint8Array,
  offset: number,
  header: SegmentHeader,
  view: DataView,
  dueNumber: number,
  found: WalkedBatch | null,
): WalkEnd {
  if (found !== null) {
    return { kind: 'corrupt', offset, what: `batch ${found.batch.number} stands where batch ${dueNumber} is due` }
  }
  for (let later = offset + batchAlignBytes; later + batchHeaderBytes <= segment.length; later += batchAlignBytes) {
    const proof = batchAt(segment, later, header, view)
    if (proof === null) continue
    const number = proof.batch.number
    return { kind: 'corrupt', offset, what: `batch ${dueNumber} is unreadable, and batch ${number} after it is whole` }
  }
  return batchWasBegun(segment, offset, header.salt, view) ? { kind: 'torn', offset } : { kind: 'clean', offset }
}
