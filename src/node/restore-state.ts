/** State out of the bytes of a snapshot: at the start, before a server speaks, and when one was installed. */
import type { SnapshotMeta } from '../raft/types.js'
import { Sessions } from '../session/sessions.js'
import type { Restorer, StateMachine } from '../session/types.js'
import { ReplicatedState } from './replicated-state.js'

/**
 * The replicated state at a start, made while storage verifies the newest snapshot, so that its body is read once. Nothing
 * of it shows before `end`, which is for after storage has opened: by then all checksums and the hash were found right.
 */
export class StartingState {
  private readonly state: ReplicatedState
  private restoring: Restoring | null

  constructor(machine: StateMachine) {
    this.state = new ReplicatedState(new Sessions(machine))
    this.restoring = new Restoring(this.state.sessions.restorer())
  }

  /** The next chunk of the newest snapshot, which may prove to be damaged yet. */
  push(chunk: Uint8Array): void {
    this.restoring?.push(chunk)
  }

  /** The state as the newest snapshot has it, or as it began where there is none; an error where the bytes are no state. */
  end(newest: SnapshotMeta | null): ReplicatedState | Error {
    const { restoring } = this
    // What the state was made of goes, whoever keeps this: it would be a second state once another snapshot is installed.
    this.restoring = null
    if (newest === null) return this.state
    const error = restoring?.end() ?? null
    if (error !== null) return error
    this.state.restored(newest.lastIncludedIndex)
    return this.state
  }
}

/** The newest snapshot of a directory, or one that was opened alone. */
export interface ReadableBody {
  readBody(onChunk: (payload: Uint8Array) => void, done: (error: Error | null) => void): void
}

/** Pushes the whole body of a snapshot, then ends. What the restorer throws is an error as well. */
export function readInto(snapshot: ReadableBody, restorer: Restorer, done: (error: Error | null) => void): void {
  const restoring = new Restoring(restorer)
  snapshot.readBody(
    chunk => restoring.push(chunk),
    error => done(error ?? restoring.end()),
  )
}

/** A restorer that is pushed by whoever reads, who is not to be disturbed: what it throws is told in the end. */
export class Restoring {
  private readonly restorer: Restorer
  private thrown: Error | null = null

  constructor(restorer: Restorer) {
    this.restorer = restorer
  }

  push(chunk: Uint8Array): void {
    this.attempt(() => this.restorer.push(chunk))
  }

  end(): Error | null {
    this.attempt(() => this.restorer.end())
    return this.thrown
  }

  private attempt(step: () => void): void {
    if (this.thrown !== null) return
    try {
      step()
    } catch (error) {
      this.thrown = error instanceof Error ? error : new Error(String(error))
    }
  }
}
