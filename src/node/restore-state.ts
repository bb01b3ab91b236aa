/** The replicated state as the newest snapshot has it, before a server speaks; without a snapshot, as it began. */
import { Sessions } from '../session/sessions.js'
import type { Restorer, StateMachine } from '../session/types.js'
import type { Snapshots } from '../storage/snapshots.js'
import { ReplicatedState } from './replicated-state.js'

/** Calls back with the state, or with what is wrong with the snapshot. Paced by the disk: the event loop goes on. */
export function restoreState(
  snapshots: Pick<Snapshots, 'newest' | 'readBody'>,
  machine: StateMachine,
  got: (error: Error | null, state: ReplicatedState | null) => void,
): void {
  const state = new ReplicatedState(new Sessions(machine))
  const { newest } = snapshots
  if (newest === null) return got(null, state)
  readInto(snapshots, state.sessions.restorer(), error => {
    if (error !== null) return got(error, null)
    state.restored(newest.lastIncludedIndex)
    got(null, state)
  })
}

/** The newest snapshot of a directory, or one that was opened alone. */
export interface ReadableBody {
  readBody(onChunk: (payload: Uint8Array) => void, done: (error: Error | null) => void): void
}

/** Pushes the whole body of a snapshot, then ends. What the restorer throws is an error as well. */
export function readInto(snapshot: ReadableBody, restorer: Restorer, done: (error: Error | null) => void): void {
  let thrown: Error | null = null
  const attempt = (step: () => void): void => {
    if (thrown !== null) return
    try {
      step()
    } catch (error) {
      thrown = error instanceof Error ? error : new Error(String(error))
    }
  }
  snapshot.readBody(
    chunk => attempt(() => restorer.push(chunk)),
    error => {
      if (error === null) attempt(() => restorer.end())
      done(error ?? thrown)
    },
  )
}
