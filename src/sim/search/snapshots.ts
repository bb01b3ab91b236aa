/** Snapshots as a search knows them: what one covers, as bytes in a message of one piece, and what tells it from others. */
import { assert } from '../../base/assert.js'
import type { Entry, EntryKind, LogIndex, ServerId } from '../../raft/types.js'
import { hashText } from './hash.js'
import type { Snapshot } from './node.js'
import { entryText } from './records.js'

const kinds: readonly EntryKind[] = ['noop', 'commands', 'found', 'retire', 'admit']

/** The snapshot of a server that has applied these entries, from the first one on. */
export function snapshotOf(covered: readonly Entry[], voters: readonly ServerId[]): Snapshot {
  const last = covered[covered.length - 1]
  assert(last !== undefined, 'a snapshot covers an entry')
  const totalBytes = bodyOf(covered).length
  const hash = hashText(covered.map(entryText).join()).low >>> 0
  return { meta: { lastIncludedIndex: last.index, lastIncludedTerm: last.term, voters, totalBytes, hash }, covered }
}

export function bodyOf(covered: readonly Entry[]): Uint8Array {
  const bytes = covered.flatMap(({ term, kind, payload }) => [term, kinds.indexOf(kind), payload.length, ...payload])
  return Uint8Array.from(bytes)
}

export function coveredBy(body: Uint8Array): readonly Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at < body.length;) {
    const index: LogIndex = entries.length + 1
    const payload = body.slice(at + 3, at + 3 + body[at + 2]!)
    entries.push({ index, term: body[at]!, kind: kinds[body[at + 1]!]!, payload, record: null })
    at += 3 + payload.length
  }
  return entries
}
