/**
 * How this server's disk is, as the core is to know it and an operator to read it: sound, full, or stalled, which is when its
 * oldest write has been under way for a set time. Looked at each turn, and a leader has one each heartbeat at least.
 */
import type { Logger } from '../base/logger.js'
import type { DiskState, Milliseconds } from '../raft/types.js'
import type { Storage } from '../storage/storage.js'

export class DiskHealth {
  private readonly storage: Pick<Storage, 'oldestWriteMs' | 'spaceAvailable'>
  private readonly stallMs: Milliseconds
  private readonly logger: Logger
  private told: DiskState = 'sound'

  /** `stallMs` 0: however long a write takes, it is no stall. */
  constructor(storage: Pick<Storage, 'oldestWriteMs' | 'spaceAvailable'>, stallMs: Milliseconds, logger: Logger) {
    this.storage = storage
    this.stallMs = stallMs === 0 ? Infinity : stallMs
    this.logger = logger
  }

  stateAt(now: Milliseconds): DiskState {
    if (!this.storage.spaceAvailable) return 'full'
    return now - this.storage.oldestWriteMs >= this.stallMs ? 'stalled' : 'sound'
  }

  /** The state, where it is another one than at the last look; null where it is not. A change is a line in the log. */
  look(now: Milliseconds): DiskState | null {
    const state = this.stateAt(now)
    if (state === this.told) return null
    this.tell(state)
    this.told = state
    return state
  }

  private tell(state: DiskState): void {
    const { logger, stallMs } = this
    switch (state) {
      case 'full':
        return logger.warn({}, 'the disk is full: nothing more can be written to the log until there is room again')
      case 'stalled':
        return logger.warn({ stallMs }, `the disk has not completed a write for ${stallMs} ms: waiting for it`)
      case 'sound':
        if (this.told === 'full') return logger.info({}, 'there is room on the disk again: what waited is written')
        return logger.info({}, 'the disk completes writes again')
    }
  }
}
