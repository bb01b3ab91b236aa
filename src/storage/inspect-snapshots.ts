/** A walk through `snapshots/` that writes nothing and reads every byte: the part of inspect.ts that looks there. */
import type { Identity } from '../../codec/identity.js'
import type { SnapshotMeta } from '../raft/types.js'
import type { Disk, Got } from './disk.js'
import { snapshotPath, type Paths } from './files.js'
import type { Problem } from './inspect.js'
import { openVerified, SnapshotDamage } from './snapshot-reader.js'
import { codeOf, StorageError } from './storage-error.js'
import { eachInOrder } from './steps.js'

export interface InspectedSnapshot {
  readonly path: string
  readonly meta: SnapshotMeta
}

export interface InspectedSnapshots {
  /** Those that are whole, the newest last. */
  readonly snapshots: readonly InspectedSnapshot[]
  readonly problems: readonly Problem[]
}

/** Verifies every snapshot. What is wrong with the newest is fatal; an older one is not needed, and only told of. */
export function inspectSnapshots(
  disk: Disk,
  paths: Paths,
  identity: Identity,
  got: Got<InspectedSnapshots | null>,
): void {
  disk.list(paths.snapshots, (listError, names) => {
    if (listError !== null && codeOf(listError) !== 'ENOENT') {
      got(listError, null)
      return
    }
    const snapshots: InspectedSnapshot[] = []
    const problems: Problem[] = unfinished(paths, names)
    const indexes = names.filter(name => /^\d{16}\.snapshot$/.test(name)).map(name => Number(name.slice(0, 16)))
    eachInOrder(
      indexes,
      (index, next) =>
        openVerified(disk, paths, identity, index, (error, file) => {
          const path = snapshotPath(paths, index)
          if (file !== null) {
            snapshots.push({ path, meta: file.meta })
            file.close(next)
          } else if (error instanceof StorageError) {
            problems.push(problemOf(error, path, index === indexes.at(-1)))
            next(null)
          } else next(error)
        }),
      error => got(error, error === null ? { snapshots, problems } : null),
    )
  })
}

function problemOf(error: StorageError, path: string, isNewest: boolean): Problem {
  const offset = error instanceof SnapshotDamage ? error.offset : 0
  if (isNewest || !(error instanceof SnapshotDamage)) return { path, offset, what: error.message, fatal: isNewest }
  return {
    path,
    offset,
    what: `${path} is damaged at byte ${offset}: ${error.what}; a newer one is there`,
    fatal: false,
  }
}

function unfinished(paths: Paths, names: readonly string[]): Problem[] {
  const notes: [string, string, string][] = [
    ['taking', paths.taking, 'was being written when the server ended; the next start removes it'],
    ['receiving', paths.receiving, 'was being received when the server ended; the leader may go on with it'],
  ]
  return notes
    .filter(([name]) => names.includes(name))
    .map(([, path, what]) => ({ path, offset: 0, what: `${path} ${what}`, fatal: false }))
}
