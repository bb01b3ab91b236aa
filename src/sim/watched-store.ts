/** The key-value store of a simulated server: the real one, and each command it executes is written down and compared. */
import { KvStore } from '../kv/store.js'
import type { ApplyContext, Restorer, StateMachine } from '../session/types.js'

export class WatchedStore implements StateMachine {
  private readonly store = new KvStore()
  private readonly onApply: (context: ApplyContext, command: Uint8Array, stateHash: number) => void

  constructor(onApply: (context: ApplyContext, command: Uint8Array, stateHash: number) => void) {
    this.onApply = onApply
  }

  get stateHash(): number {
    return this.store.stateHash
  }

  apply(command: Uint8Array, context: ApplyContext): Uint8Array {
    const result = this.store.apply(command, context)
    this.onApply(context, command, this.store.stateHash)
    return result
  }

  query(request: Uint8Array): Uint8Array {
    return this.store.query(request)
  }

  snapshot(): Iterable<Uint8Array> {
    return this.store.snapshot()
  }

  restore(chunks: Iterable<Uint8Array>): void {
    this.store.restore(chunks)
  }

  restorer(): Restorer {
    return this.store.restorer()
  }
}
