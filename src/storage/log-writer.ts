/**
 * Appends to the log with group commit. One write is in flight; what is appended meanwhile becomes the next batch, so a
 * slow disk makes larger batches and not a longer queue. The next write begins when the one before is durable: that is
 * what lets recovery read batch n + 1 as the proof of batch n.
 *
 * When a batch is durable and nothing follows for 10 ms, an empty batch is written behind it, a seal, which proves it.
 * Every segment keeps room for one, so it never has to wait for the next segment; beginning a next segment proves the
 * last batch of the one before, too.
 *
 * A reset voids the log: what was queued before it is dropped, what is in flight is not reported any more, and a batch
 * that says so is written next, before anything that is appended after it. A crash leaves the log as it was, with all
 * or nothing of the batch in flight, or the empty log.
 */
import { batchBytes, encodeBatch, resetBytes, type LogPoint } from '../../codec/batch.js'
import { viewOf } from '../../codec/cursor.js'
import { recordBytes } from '../../codec/entry.js'
import { segmentHeaderBytes, type Salt, type SegmentHeader } from '../../codec/segment.js'
import { assert } from '../base/assert.js'
import type { Clock, Timer } from '../base/clock.js'
import type { Entry, LogIndex, Term } from '../raft/types.js'
import type { DiskFile, Done } from './disk.js'
import type { SegmentSupply } from './segments.js'

/** How long the log waits for the next entries before it seals. */
const sealAfterMs = 10

/** Where a batch stops growing: large enough for any disk, and it bounds how long copying holds up the event loop. */
const recordsBytesMax = 4 * 2 ** 20

/** Room that every segment keeps behind its last batch with entries. */
const sealBytes = batchBytes(0)

/** Where the log goes on. */
export interface LogPosition {
  readonly file: DiskFile
  readonly header: SegmentHeader
  readonly offset: number
  readonly nextNumber: number
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
}

export interface AppendMeta {
  readonly currentTerm: Term
  readonly commitIndex: LogIndex
}

export interface LogWriterOptions {
  readonly position: LogPosition
  readonly meta: AppendMeta
  readonly supply: SegmentSupply
  readonly clock: Clock
  readonly newSalt: () => Salt
  /** A new segment is in use. */
  readonly onSegment: (header: SegmentHeader) => void
  readonly onPersisted: (writeId: number) => void
  readonly onFatal: (error: Error) => void
}

interface DueReset {
  readonly reset: LogPoint
  readonly done: () => void
}

export class LogWriter {
  /** Since the start, seals included. */
  batches = 0
  bytesWritten = 0
  entriesWritten = 0
  private readonly options: LogWriterOptions
  private readonly sealTimer: Timer
  private file: DiskFile
  private header: SegmentHeader
  private offset: number
  private nextNumber: number
  private lastIndex: LogIndex
  private lastTerm: Term
  private meta: AppendMeta
  /** Recovery leaves a sealed log, and a new one has nothing to seal. */
  private sealed = true
  /** Entries not handed to the disk yet, in the order given. */
  private readonly queue: Entry[] = []
  /** Writes not durable yet: each is when `endsAt` entries are, counted since the start. */
  private readonly writes: { readonly writeId: number; readonly endsAt: number }[] = []
  private queuedEver = 0
  /** Goes before all that is queued. */
  private due: DueReset | null = null
  private busy = false
  private stopped = false
  /** Waiting for the next segment. */
  private rolling = false
  private closing: Done | null = null
  private finished = false
  private staging = new Uint8Array(65_536)
  private stagingView = viewOf(this.staging)

  constructor(options: LogWriterOptions) {
    const { position } = options
    this.options = options
    this.file = position.file
    this.header = position.header
    this.offset = position.offset
    this.nextNumber = position.nextNumber
    this.lastIndex = position.lastIndex
    this.lastTerm = position.lastTerm
    this.meta = options.meta
    this.sealTimer = options.clock.timer(() => {
      if (!this.busy && !this.stopped && !this.sealed) this.write([])
    })
    options.supply.follow(this.offset)
  }

  /** Entries given and not handed to the disk yet. */
  get queuedEntries(): number {
    return this.queue.length
  }

  /** Sequence number of the segment in use. */
  get sequence(): number {
    return this.header.sequence
  }

  /** Takes entries, at least one; an entry at an index already present replaces it and all that follow. */
  append(writeId: number, entries: readonly Entry[], meta: AppendMeta): void {
    if (this.stopped) return
    assert(this.closing === null, 'nothing is appended to a log that is closing')
    assert(entries.length > 0, 'a write has entries')
    for (const entry of entries) this.queue.push(entry)
    this.queuedEver += entries.length
    this.writes.push({ writeId, endsAt: this.queuedEver })
    this.meta = meta
    this.pump()
  }

  /**
   * The log is empty after `reset`, an entry that a durable snapshot ends with; calls back when that is durable. Writes
   * that are outstanding will not be reported; the next entry appended has the index after it. A reset that has not been
   * written yet gives way to a later one, and is durable with it.
   */
  reset(reset: LogPoint, meta: AppendMeta, done: () => void): void {
    if (this.stopped) return
    assert(this.closing === null, 'a log that is closing is not reset')
    this.queuedEver -= this.queue.length
    this.queue.length = 0
    this.writes.length = 0
    const earlier = this.due
    this.due = {
      reset,
      done: () => {
        earlier?.done()
        done()
      },
    }
    this.meta = meta
    this.pump()
  }

  /** Ends all work: what is in flight will not be reported, what is queued is dropped. */
  stop(): void {
    this.stopped = true
    this.sealTimer.set(Infinity)
    if (this.rolling && this.options.supply.withdraw()) this.busy = false
    this.pump()
  }

  /** Writes what is queued, seals, and closes the file. After `stop` it only waits for the write in flight. */
  close(done: Done): void {
    this.closing = done
    this.pump()
  }

  private pump(): void {
    if (this.busy) return
    if (this.stopped) this.finish()
    else if (this.due !== null) this.writeReset(this.due)
    else if (this.queue.length > 0) this.writeNext()
    else if (this.closing === null) this.sealTimer.set(this.options.clock.now() + sealAfterMs)
    else if (this.sealed) this.finish()
    else this.write([])
  }

  private finish(): void {
    if (this.closing === null || this.finished) return
    this.finished = true
    this.sealTimer.set(Infinity)
    this.file.close(this.closing)
  }

  private writeReset({ reset, done }: DueReset): void {
    if (batchBytes(resetBytes) > this.roomBytes) {
      this.roll(resetBytes)
      return
    }
    this.due = null
    this.write([], resetBytes, { reset, done })
  }

  /** What the segment in use has left for a batch that is no seal. */
  private get roomBytes(): number {
    return this.header.segmentBytes - this.offset - sealBytes
  }

  /** Writes as many of the queued entries as one batch holds; if the segment holds none of them, the next one begins. */
  private writeNext(): void {
    const { roomBytes } = this
    let recordsBytes = 0
    let count = 0
    for (const entry of this.queue) {
      const next = recordsBytes + recordBytes(entry)
      if (batchBytes(next) > roomBytes || (count > 0 && next > recordsBytesMax)) break
      recordsBytes = next
      count++
    }
    if (count === 0) this.roll(recordBytes(this.queue[0]!))
    else this.write(this.queue.splice(0, count), recordsBytes)
  }

  /** Writes one batch; one without entries that is no reset is a seal. */
  private write(entries: readonly Entry[], recordsBytes = 0, due: DueReset | null = null): void {
    this.busy = true
    this.makeStaging(batchBytes(recordsBytes))
    const { nextNumber: number } = this
    const reset = due?.reset ?? null
    const { currentTerm } = this.meta
    const batch = { number, entries, reset, currentTerm, commitIndex: this.commitIndexOf(this.queue) }
    const bytes = encodeBatch(this.staging, this.stagingView, this.header.salt, batch)
    this.file.write(this.offset, this.staging.subarray(0, bytes), error => {
      this.busy = false
      if (this.stopped) this.finish()
      else if (error === null) {
        this.written(entries, bytes, reset)
        due?.done()
      } else this.options.onFatal(error)
    })
  }

  /**
   * Up to where a batch may say that its log is committed. What waits behind it may replace entries of it: of a leader that
   * was deposed while its disk stood still, say. The commitIndex is that of the newest of them, and means the newer ones.
   */
  private commitIndexOf(waiting: readonly Entry[]): LogIndex {
    return waiting.reduce((commitIndex, { index }) => Math.min(commitIndex, index - 1), this.meta.commitIndex)
  }

  /** The disk owns the buffer while a write is in flight; there is only one, so one buffer serves all of them. */
  private makeStaging(bytes: number): void {
    if (bytes <= this.staging.length) return
    this.staging = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)))
    this.stagingView = viewOf(this.staging)
  }

  private written(entries: readonly Entry[], bytes: number, reset: LogPoint | null): void {
    this.offset += bytes
    this.nextNumber++
    this.batches++
    this.bytesWritten += bytes
    this.sealed = entries.length === 0 && reset === null
    this.entriesWritten += entries.length
    const last = entries.at(-1) ?? reset
    if (last !== null) {
      this.lastIndex = last.index
      this.lastTerm = last.term
    }
    this.options.supply.follow(this.offset)
    // The next write first: the disk works while the completion of this one has its consequences.
    this.pump()
    this.reportPersisted()
  }

  /** The largest write whose entries are all durable; a batch may hold many writes, and a write span batches. */
  private reportPersisted(): void {
    let count = 0
    while (count < this.writes.length && this.writes[count]!.endsAt <= this.entriesWritten) count++
    if (count > 0) this.options.onPersisted(this.writes.splice(0, count).at(-1)!.writeId)
  }

  /** Goes on in the next segment, waiting for it to be prepared if need be. No write is in flight meanwhile. */
  private roll(recordsBytes: number): void {
    this.busy = true
    this.rolling = true
    const neededBytes = segmentHeaderBytes + batchBytes(recordsBytes) + sealBytes
    const headerOf = (segmentBytes: number): SegmentHeader => ({
      ...this.header,
      segmentBytes,
      sequence: this.header.sequence + 1,
      salt: this.options.newSalt(),
      previousIndex: this.lastIndex,
      previousTerm: this.lastTerm,
      firstBatchNumber: this.nextNumber,
    })
    this.options.supply.activate(neededBytes, headerOf, ({ file, header }) => {
      const full = this.file
      this.rolling = false
      this.file = file
      this.header = header
      this.offset = segmentHeaderBytes
      this.options.onSegment(header)
      full.close(error => {
        this.busy = false
        if (error === null || this.stopped) this.pump()
        else this.options.onFatal(error)
      })
    })
  }
}
