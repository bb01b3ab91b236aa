/** A storage on a simulated disk and a clock that the test turns: what the storage tests share. */
import { viewOf } from '../../codec/cursor.js'
import { decodeIdentity } from '../../codec/identity.js'
import {
  chunkHeaderBytes,
  chunkOffset,
  encodeSnapshotHeader,
  hashChunk,
  sealChunk,
  snapshotFileBytes,
} from '../../codec/snapshot.js'
import { Prng } from '../../src/base/prng.js'
import type { Entry, HardState } from '../../src/raft/types.js'
import { SimDisk, type SimOperation } from '../../src/storage/disk-sim.js'
import { inspect, type Inspection } from '../../src/storage/inspect.js'
import type { SnapshotEnd } from '../../src/storage/log-reader.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { openStorage, type OpenedStorage } from '../../src/storage/open-storage.js'
import type { Storage, StorageOptions } from '../../src/storage/storage.js'
import { FakeClock } from '../support/fake-clock.js'

export const directory = 'data'
export const firstSegment = 'data/log/0000000000000001.log'

export function entryOf(index: number, term: number, payloadBytes = 20, fill = index): Entry {
  return { index, term, kind: 'commands', payload: new Uint8Array(payloadBytes).fill(fill), record: null }
}

/** One line per entry, to compare logs by. */
export function linesOf(entries: Iterable<Entry>): string[] {
  return [...entries].map(({ index, term, payload }) => `${index}/${term}:${payload.length}*${payload[0] ?? '-'}`)
}

export class Rig {
  readonly clock = new FakeClock()
  readonly prng: Prng
  readonly disk: SimDisk
  readonly options: StorageOptions
  /** Operations that have been asked for, in order. */
  readonly operations: SimOperation[] = []
  /** Lives of the process: timers of an earlier one never fire. */
  private life = 0
  private snapshotEnd: SnapshotEnd | null = null
  /** Called before each completion; a true ends the machine in its place. */
  crashNow: (operation: SimOperation) => boolean = () => false
  crashed = false
  /** How long an operation takes. */
  delayMs: (operation: SimOperation) => number

  constructor(seed: number, segmentBytes = 8_192) {
    this.prng = new Prng(seed)
    this.delayMs = () => this.prng.between(0.05, 2)
    this.disk = new SimDisk({
      prng: new Prng(seed, 1),
      schedule: (callback, operation) => {
        this.operations.push(operation)
        this.clock.at(this.clock.now() + this.delayMs(operation), () => {
          if (this.crashed) return
          if (this.crashNow(operation)) this.crashed = true
          else callback()
        })
      },
    })
    this.options = {
      directory,
      serverId: 1,
      clusterId: 77,
      clusterName: 'orchard',
      foundingCluster: '1=127.0.0.1:7001',
      segmentBytes,
      prng: new Prng(seed, 2),
      clock: {
        now: () => this.clock.now(),
        timer: callback => this.clock.timer(this.inThisLife(callback)),
        endOfTurn: callback => this.clock.endOfTurn(this.inThisLife(callback)),
      },
    }
  }

  /** Where the newest snapshot ends that is durable. */
  get newestSnapshot(): SnapshotEnd | null {
    return this.snapshotEnd
  }

  /** Puts one there, as if it had been taken and had become durable just now; the log alone is what these tests are about. */
  set newestSnapshot(end: SnapshotEnd | null) {
    for (const path of this.disk.paths()) if (path.endsWith('.snapshot')) this.disk.erase(path)
    this.snapshotEnd = end
    if (end === null) return
    const identity = decodeIdentity(this.fileOf('data/identity'))
    if (identity === null || 'otherVersion' in identity) throw new Error('the directory has an identity')
    const body = new TextEncoder().encode(`the state as of entry ${end.lastIncludedIndex}`)
    const file = new Uint8Array(snapshotFileBytes(body.length))
    const meta = { ...end, voters: [1], totalBytes: body.length, hash: hashChunk(body, 0) }
    file.set(encodeSnapshotHeader({ ...meta, ...identity }))
    file.set(body, chunkOffset(0) + chunkHeaderBytes)
    sealChunk(file, viewOf(file), chunkOffset(0), 0, body.length)
    this.disk.overwrite(`data/snapshots/${String(end.lastIncludedIndex).padStart(16, '0')}.snapshot`, 0, file, true)
  }

  private inThisLife(callback: () => void): () => void {
    const { life } = this
    return () => {
      if (life === this.life) callback()
    }
  }

  /** Turns the clock until `ready`, or until the machine is gone. */
  until(ready: () => boolean): void {
    for (let i = 0; !ready() && !this.crashed; i++) {
      if (i > 100_000) throw new Error('this never ends')
      this.clock.runUntil(Math.min(this.clock.nextMs(), this.clock.now() + 1))
    }
  }

  tryOpen(options: Partial<StorageOptions> = {}): { error: StorageError | null; opened: OpenedStorage | null } {
    const results: { error: StorageError | null; opened: OpenedStorage | null }[] = []
    const got = (error: StorageError | null, opened: OpenedStorage | null): void => {
      if (results.push({ error, opened }) > 1) throw new Error('openStorage called back twice')
    }
    openStorage(this.disk, { ...this.options, ...options }, got)
    this.until(() => results.length > 0)
    return results[0] ?? { error: null, opened: null }
  }

  open(options: Partial<StorageOptions> = {}): OpenedStorage {
    const { error, opened } = this.tryOpen(options)
    if (opened === null) throw error ?? new Error('the machine is gone')
    return opened
  }

  inspect(): { error: StorageError | null; inspection: Inspection | null } {
    const results: { error: StorageError | null; inspection: Inspection | null }[] = []
    const got = (error: StorageError | null, inspection: Inspection | null) => results.push({ error, inspection })
    inspect(this.disk, directory, got)
    this.until(() => results.length > 0)
    return results[0] ?? { error: null, inspection: null }
  }

  /** Waits until it is durable, and returns whether the machine lived to see that. */
  saveHardState(storage: Storage, hardState: HardState): boolean {
    let saved = false
    storage.saveHardState(hardState, () => (saved = true))
    this.until(() => saved)
    return saved
  }

  /** Appends one write and waits until it is durable. */
  append(storage: Storage, writeId: number, entries: readonly Entry[], commitIndex = 0): void {
    let persisted = false
    storage.onPersisted = upTo => {
      persisted = upTo >= writeId
    }
    storage.append(writeId, entries, { currentTerm: entries.at(-1)?.term ?? 0, commitIndex })
    this.until(() => persisted)
  }

  /** Resets the log and waits until that is durable. */
  reset(storage: Storage, lastIncludedIndex: number, lastIncludedTerm: number): void {
    let done = false
    this.newestSnapshot = { lastIncludedIndex, lastIncludedTerm }
    const meta = { currentTerm: lastIncludedTerm, commitIndex: lastIncludedIndex }
    storage.reset(meta, lastIncludedIndex, lastIncludedTerm, () => (done = true))
    this.until(() => done)
  }

  /** A snapshot that ends with this entry is durable; waits until what it covers of the log is gone. */
  compact(storage: Storage, lastIncludedIndex: number, lastIncludedTerm: number): void {
    this.newestSnapshot = { lastIncludedIndex, lastIncludedTerm }
    storage.compactTo(lastIncludedIndex)
    if (!this.crashed) this.clock.runFor(500)
  }

  /** Names in the directory of the log. */
  logNames(): string[] {
    return this.disk
      .paths()
      .filter(path => path.startsWith('data/log/'))
      .map(path => path.slice('data/log/'.length))
      .sort()
  }

  close(storage: Storage): void {
    let closed = false
    storage.close(() => (closed = true))
    this.until(() => closed)
  }

  /** The power goes and comes back; storages opened before are dead. */
  crash(): void {
    this.disk.crash()
    this.endLife()
  }

  /** The process ends alone. */
  kill(): void {
    this.disk.kill()
    this.endLife()
  }

  private endLife(): void {
    this.life++
    this.crashed = false
  }

  fileOf(path: string): Uint8Array {
    const bytes = this.disk.contents(path)
    if (bytes === null) throw new Error(`no file ${path}`)
    return bytes
  }

  /** All files, to come back to with `restore`. */
  snapshot(): Map<string, Uint8Array> {
    return new Map(this.disk.paths().map(path => [path, this.fileOf(path)]))
  }

  restore(files: ReadonlyMap<string, Uint8Array>): void {
    this.crash()
    for (const path of this.disk.paths()) if (!files.has(path)) this.disk.erase(path)
    for (const [path, bytes] of files) this.disk.overwrite(path, 0, bytes, true)
  }
}
