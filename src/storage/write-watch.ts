/**
 * A disk that knows how long its oldest write has been under way: what a stall is measured by. Whatever makes something
 * durable counts, to the log, the hard state or a snapshot alike: they share one device. Reading does not.
 */
import type { Clock } from '../base/clock.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'

export class WriteWatch implements Disk {
  private readonly disk: Disk
  private readonly clock: Clock
  /** When each write under way began, oldest first: a set keeps the order in which they came. */
  private readonly underWay = new Set<{ readonly sinceMs: number }>()

  constructor(disk: Disk, clock: Clock) {
    this.disk = disk
    this.clock = clock
  }

  /** When the oldest write that has not completed began; Infinity when there is none. */
  get oldestWriteMs(): number {
    for (const { sinceMs } of this.underWay) return sinceMs
    return Infinity
  }

  memory(bytes: number): Uint8Array {
    return this.disk.memory(bytes)
  }

  open(path: string, mode: 'existing' | 'create' | 'read-only', got: Got<DiskFile>): void {
    this.disk.open(path, mode, (error, file) => {
      got(error, error === null ? this.watched(file) : file)
    })
  }

  private watched(file: DiskFile): DiskFile {
    return {
      get sizeBytes() {
        return file.sizeBytes
      },
      write: (offset, data, done) => file.write(offset, data, this.begin(done)),
      read: (offset, length, got, target) => file.read(offset, length, got, target),
      close: done => file.close(done),
    }
  }

  rename(from: string, to: string, done: Done): void {
    this.disk.rename(from, to, this.begin(done))
  }

  remove(path: string, done: Done): void {
    this.disk.remove(path, this.begin(done))
  }

  syncDirectory(directory: string, done: Done): void {
    this.disk.syncDirectory(directory, this.begin(done))
  }

  makeDirectory(directory: string, done: Done): void {
    this.disk.makeDirectory(directory, done)
  }

  list(directory: string, got: Got<string[]>): void {
    this.disk.list(directory, got)
  }

  freeBytes(directory: string, got: Got<number>): void {
    this.disk.freeBytes(directory, got)
  }

  lock(path: string, got: Got<{ release(): void }>): void {
    this.disk.lock(path, got)
  }

  private begin(done: Done): Done {
    const write = { sinceMs: this.clock.now() }
    this.underWay.add(write)
    return error => {
      this.underWay.delete(write)
      done(error)
    }
  }
}
