/**
 * Which segments the log has, and giving up those that a snapshot covers: oldest first, never one from the middle, never
 * the one in use, one at a time and with a pause between them, so that appends do not wait behind a row of deletions.
 *
 * A segment is covered up to an index when some later one names an entry at or below it as the last before its own first:
 * then none of the entries before that segment which are in force has a larger index. It need not be the next one: a
 * tail that was replaced may have stood in it.
 *
 * A segment of full length is renamed to become a spare one (segments.ts), any other is removed; either way the directory
 * is synced before the next one goes. So a crash leaves a log that begins with this segment or with the next one, and
 * beside it perhaps one spare segment more.
 */
import type { SegmentHeader } from '../../codec/segment.js'
import type { Clock, Timer } from '../base/clock.js'
import type { LogIndex } from '../raft/types.js'
import type { Disk, Done } from './disk.js'
import { segmentPath, sparePath, type Paths } from './files.js'
import type { SegmentSupply } from './segments.js'
import { inOrder, type Step } from './steps.js'

/** Between two segments that go. */
const pauseMs = 10

export interface RemovalOptions {
  readonly disk: Disk
  readonly paths: Paths
  readonly clock: Clock
  /** Headers of the segments, oldest first; the last one is in use. */
  readonly segments: readonly SegmentHeader[]
  readonly supply: SegmentSupply
  /** A change of names failed: nothing more will happen. */
  readonly onFatal: (error: Error) => void
}

export class SegmentRemoval {
  private readonly options: RemovalOptions
  private readonly segments: SegmentHeader[]
  private readonly pause: Timer
  private target: LogIndex = 0
  /** At a step, or at the pause after it. */
  private busy = false
  private stopped = false
  private inFlight = false
  private closing: Done | null = null

  constructor(options: RemovalOptions) {
    this.options = options
    this.segments = [...options.segments]
    this.pause = options.clock.timer(() => {
      this.busy = false
      this.work()
    })
  }

  /** Segments on disk, the one in use included. */
  get count(): number {
    return this.segments.length
  }

  /** A new segment is in use. */
  began(header: SegmentHeader): void {
    this.segments.push(header)
    this.work()
  }

  /** Gives up the segments that no entry above `index` needs. What is at or below it is durable in a snapshot. */
  compactTo(index: LogIndex): void {
    this.target = Math.max(this.target, index)
    this.work()
  }

  /** Ends all work after the step in flight. */
  stop(): void {
    this.stopped = true
  }

  /** Waits for what is in flight. What is covered and still there goes after the next start. */
  close(done: Done): void {
    this.stopped = true
    this.pause.set(Infinity)
    if (this.inFlight) this.closing = done
    else done(null)
  }

  private work(): void {
    if (this.busy || this.stopped || this.target === 0) return
    const needed = this.segments.findLastIndex(({ previousIndex }) => previousIndex <= this.target)
    if (needed > 0) this.removeOldest(this.segments.shift()!)
  }

  private removeOldest({ sequence, segmentBytes }: SegmentHeader): void {
    const { disk, paths, supply, clock, onFatal } = this.options
    const path = segmentPath(paths, sequence)
    const spare = supply.wants(segmentBytes) ? sparePath(paths, sequence) : null
    const goes: Step = next => (spare === null ? disk.remove(path, next) : disk.rename(path, spare, next))
    this.busy = true
    this.inFlight = true
    inOrder([goes, next => disk.syncDirectory(paths.log, next)], error => {
      this.inFlight = false
      if (error === null && spare !== null) supply.add(spare)
      if (this.closing !== null) this.closing(error)
      else if (error !== null) onFatal(error)
      else if (!this.stopped) this.pause.set(clock.now() + pauseMs)
    })
  }
}
