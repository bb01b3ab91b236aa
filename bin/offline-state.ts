/** The replicated state without a server: that of a backup, and that of a stopped server's directory. */
import { assert } from '../src/base/assert.js'
import { KvStore } from '../src/kv/store.js'
import { ReplicatedState } from '../src/node/replicated-state.js'
import { readInto } from '../src/node/restore-state.js'
import type { Entry, LogIndex } from '../src/raft/types.js'
import { Sessions } from '../src/session/sessions.js'
import type { Inspection } from '../src/storage/inspect.js'
import type { SnapshotFile } from '../src/storage/snapshot-reader.js'
import { openedBackup } from './backup-output.js'

export interface OfflineState {
  readonly store: KvStore
  readonly state: ReplicatedState
}

/** Entries that are applied before others get their turn, and progress is told. */
const entriesPerTurn = 10_000

/** The state that an open snapshot holds. Rejects where it is not one of the key-value store. */
export async function stateOf(file: SnapshotFile): Promise<OfflineState> {
  const empty = emptyState()
  await new Promise<void>((resolve, reject) => {
    readInto(file, empty.state.sessions.restorer(), error => {
      if (error === null) resolve()
      else reject(error)
    })
  })
  empty.state.restored(file.meta.lastIncludedIndex)
  return empty
}

/** The newest snapshot of a directory, and the entries behind it up to `index` applied. Rejects where that makes no sense. */
export async function stateAt(
  { snapshots, entries }: Pick<Inspection, 'snapshots' | 'entries'>,
  index: LogIndex,
  progress: (applied: LogIndex) => void,
): Promise<OfflineState> {
  const newest = snapshots.at(-1)
  const begun = newest === undefined ? emptyState() : await stateOfSnapshot(newest.path)
  const end = Math.min(index, entries.lastIndex)
  while (begun.state.lastApplied < end) {
    const from = begun.state.lastApplied + 1
    assert(from > entries.baseIndex, `entry ${from} is in the log, which begins after ${entries.baseIndex}`)
    for (const entry of entries.range(from, Math.min(from + entriesPerTurn - 1, end))) begun.state.apply(entry)
    progress(begun.state.lastApplied)
    await new Promise(resolve => setImmediate(resolve))
  }
  return begun
}

/**
 * Up to there the entries of a directory are committed for certain. The log learns of it with the entries that follow, so it
 * lags behind by the last ones; what a snapshot covers is committed, and what the only voter holds, for no other can replace it.
 */
export function committedIndex({
  identity,
  snapshots,
  entries,
  commitIndex,
}: Pick<Inspection, 'identity' | 'snapshots' | 'entries' | 'commitIndex'>): LogIndex {
  const isOnlyVoter = identity?.foundingCluster.includes(',') === false
  return Math.max(commitIndex, snapshots.at(-1)?.meta.lastIncludedIndex ?? 0, isOnlyVoter ? entries.lastIndex : 0)
}

/** The last entry that a directory holds, in its log or in its newest snapshot; null for one that holds nothing. */
export function lastEntryOf({ snapshots, entries }: Inspection): Pick<Entry, 'index' | 'term'> | null {
  const newest = snapshots.at(-1)?.meta
  const last = entries.at(entries.lastIndex)
  if (newest === undefined) return last ?? null
  const { lastIncludedIndex: index, lastIncludedTerm: term } = newest
  return last !== undefined && last.index > index ? last : { index, term }
}

async function stateOfSnapshot(path: string): Promise<OfflineState> {
  const { file } = await openedBackup(path)
  try {
    return await stateOf(file)
  } finally {
    await new Promise<void>(resolve => file.close(() => resolve()))
  }
}

function emptyState(): OfflineState {
  const store = new KvStore()
  return { store, state: new ReplicatedState(new Sessions(store)) }
}
