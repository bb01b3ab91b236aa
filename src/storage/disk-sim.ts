/**
 * A disk in memory that does what disks do when the power goes. Every operation completes later, when the `schedule`
 * that was given calls back (a slow disk is a slow schedule), and all chance comes from one generator, so a seed
 * replays a run.
 *
 * What a crash does to bytes and names is in disk-sim-medium.ts:
 * - `crash()` takes the power away: writes in flight, and names that were not synced, arrive in any subset;
 * - `kill()` ends the process and not the machine: what the next process reads may still not be durable.
 * Directories themselves are durable at once.
 */
import { dirname, join, normalize } from 'node:path'
import type { Prng } from '../base/prng.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { Directory, Inode } from './disk-sim-medium.js'

/** What is about to be done, for `schedule` to delay and for `fault` to fail. */
export interface SimOperation {
  readonly kind:
    'open' | 'write' | 'read' | 'close' | 'list' | 'makeDirectory' | 'rename' | 'remove' | 'sync' | 'freeBytes' | 'lock'
  readonly path: string
  /** Of a write: where, and how much. Else 0. */
  readonly offset: number
  readonly bytes: number
  /** What it writes; null for all else. */
  readonly data: Uint8Array | null
  /** A write that makes its file longer: the only kind that a full disk refuses. */
  readonly grows: boolean
}

export interface SimDiskOptions {
  readonly prng: Prng
  /** Calls back later, never at once: how much later decides how slow the disk is, and in which order things complete. */
  schedule(callback: () => void, operation: SimOperation): void
}

function errorOf(code: string, path: string): Error {
  // Where in the simulator it was made tells nobody anything, and costs more than all the rest of an operation.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = Object.assign(new Error(`${code}: simulated, '${path}'`), { code })
  Error.stackTraceLimit = stackTraceLimit
  return error
}

function operationOn(kind: Exclude<SimOperation['kind'], 'write'>, path: string): SimOperation {
  return { kind, path, offset: 0, bytes: 0, data: null, grows: false }
}

/** A write that was asked for and has not completed. */
interface Flight {
  readonly inode: Inode
  readonly offset: number
  readonly data: Uint8Array
}

/** Writes that the cache of a disk that lies holds at most; older ones are on the medium. */
const cachedWritesMax = 24

export class SimDisk implements Disk {
  /** Decides before each completion whether it fails: a code such as EIO or ENOSPC, or null. */
  fault: (operation: SimOperation) => string | null = () => null
  /** All files together may have so many bytes; where a write would make them longer than that, it fails with ENOSPC. */
  capacityBytes = Infinity
  /** A disk that lies: it calls writes durable that are in its cache only, and a crash takes the latest of them away. */
  lies = false
  /** Of a disk that lies: what is in its cache, oldest first. */
  private readonly cached: Flight[] = []
  private readonly options: SimDiskOptions
  private readonly directories = new Map<string, Directory>()
  private readonly locks = new Set<string>()
  private readonly inFlight = new Set<Flight>()
  /** Counts the lives of the process: completions of an earlier one never come. */
  private life = 0

  constructor(options: SimDiskOptions) {
    this.options = options
    for (const root of ['.', '/']) this.directories.set(root, new Directory())
  }

  /** The machine loses power. Completions outstanding never come; opened files and locks are gone. */
  crash(): void {
    const { prng } = this.options
    this.endProcess(true)
    const stays = (): boolean => prng.below(2) === 1
    if (this.cached.length > 0) for (let kept = prng.below(this.cached.length + 1); kept > 0; kept--) this.flushOldest()
    this.cached.length = 0
    for (const directory of this.directories.values()) {
      for (const inode of directory.inodes()) inode.crash(this.lies ? () => false : stays)
      directory.crash(stays)
    }
  }

  /** A disk that lies has written at last what it called durable long ago. */
  settle(): void {
    for (const directory of this.directories.values()) {
      directory.sync()
      for (const inode of directory.inodes()) inode.settle()
    }
  }

  /** The process ends (kill -9) and the machine goes on. */
  kill(): void {
    this.endProcess(false)
  }

  private endProcess(durable: boolean): void {
    const { prng } = this.options
    this.life++
    this.locks.clear()
    for (const { inode, offset, data } of this.inFlight) {
      const fate = prng.below(3)
      inode.apply(offset, data, durable, () => fate === 0 || (fate === 1 && prng.below(2) === 1))
    }
    this.inFlight.clear()
  }

  private flushOldest(): void {
    const { inode, offset, data } = this.cached.shift()!
    inode.flushRange(offset, data.length)
  }

  /** For tests and tools: what stands in a file, or null if there is none. */
  contents(path: string): Uint8Array | null {
    return this.lookUp(path)?.seen.slice() ?? null
  }

  /** For tests and tools: what a crash is sure to leave of a file, or null if it may leave none. */
  durableContents(path: string): Uint8Array | null {
    const { directory, name } = this.place(path)
    return directory?.medium.get(name)?.medium.slice() ?? null
  }

  /** For tests and tools: every file that a name leads to. */
  paths(): string[] {
    return [...this.directories].flatMap(([path, { seen }]) => [...seen.keys()].map(name => join(path, name)))
  }

  /** For tests and tools: the file has never been. */
  erase(path: string): void {
    const { directory, name } = this.place(path)
    for (const names of [directory?.seen, directory?.medium]) names?.delete(name)
  }

  /** For tests and tools: puts `bytes` at `offset` as if they had always been there; `truncate` cuts the file after. */
  overwrite(path: string, offset: number, bytes: Uint8Array, truncate = false): void {
    const inode = this.lookUp(path) ?? new Inode()
    inode.apply(offset, bytes, true, () => true)
    if (truncate) inode.medium = inode.seen = inode.seen.slice(0, offset + bytes.length)
    const { directory, name } = this.place(path)
    for (const names of [directory?.seen, directory?.medium]) names?.set(name, inode)
  }

  /** Flips one bit, as media do in time. */
  flipBit(path: string, offset: number, bit: number): void {
    const byte = this.lookUp(path)?.read(offset, 1)[0]
    if (byte !== undefined) this.overwrite(path, offset, Uint8Array.of(byte ^ (1 << bit)))
  }

  memory(bytes: number): Uint8Array {
    return new Uint8Array(bytes)
  }

  open(path: string, mode: 'existing' | 'create' | 'read-only', got: Got<DiskFile>): void {
    this.perform(operationOn('open', path), got as Got<DiskFile | null>, null, () => {
      const { directory, name } = this.place(path)
      const inode = directory?.seen.get(name) ?? null
      if (mode !== 'create') return inode === null ? errorOf('ENOENT', path) : this.handle(path, inode, mode)
      if (directory === undefined) return errorOf('ENOENT', path)
      if (inode !== null) return errorOf('EEXIST', path)
      const made = new Inode()
      directory.change([{ name, inode: made }])
      return this.handle(path, made, mode)
    })
  }

  /** An opened file. It belongs to the life of the process that opened it: afterwards nothing of it completes. */
  private handle(path: string, inode: Inode, mode: string): DiskFile {
    const life = this.life
    inode.path = path
    const alive = (start: () => void): void => {
      if (life === this.life) start()
    }
    return {
      get sizeBytes() {
        return inode.seen.length
      },
      write: (offset, data, done) => alive(() => this.write(mode, { inode, offset, data }, done)),
      read: (offset, length, got, target) => {
        const operation = operationOn('read', inode.path)
        alive(() => this.perform(operation, got, new Uint8Array(0), () => laidInto(target, inode.read(offset, length))))
      },
      close: done => alive(() => this.run(operationOn('close', inode.path), done, () => null)),
    }
  }

  private write(mode: string, flight: Flight, done: Done): void {
    const { inode, offset, data } = flight
    const { path } = inode
    const grows = offset + data.length > inode.seen.length
    const operation: SimOperation = { kind: 'write', path, offset, bytes: data.length, data, grows }
    if (mode === 'read-only') {
      this.run(operation, done, () => errorOf('EBADF', path))
      return
    }
    this.inFlight.add(flight)
    this.schedule(operation, refused => {
      this.inFlight.delete(flight)
      const growsBy = offset + data.length - inode.seen.length
      const hasRoom =
        growsBy <= 0 || this.capacityBytes === Infinity || this.usedBytes() + growsBy <= this.capacityBytes
      const failed = refused ?? (hasRoom ? null : errorOf('ENOSPC', path))
      const { prng } = this.options
      // Of a write that failed, nobody knows what reached the medium; but on a full disk no file has grown.
      const isFull = failed !== null && 'code' in failed && failed.code === 'ENOSPC'
      const taken = isFull ? data.subarray(0, Math.max(0, inode.seen.length - offset)) : data
      inode.apply(offset, taken, failed === null && !this.lies, () => failed === null || prng.below(2) === 1)
      if (this.lies && failed === null && this.cached.push(flight) > cachedWritesMax) this.flushOldest()
      done(failed)
    })
  }

  list(directory: string, got: Got<string[]>): void {
    this.perform(operationOn('list', directory), got, [], () => {
      const path = normalize(directory)
      const found = this.directories.get(path)
      if (found === undefined) return errorOf('ENOENT', directory)
      const inside = [...this.directories.keys()].filter(name => name !== path && dirname(name) === path)
      return [...found.seen.keys(), ...inside.map(name => name.slice(name.lastIndexOf('/') + 1))].sort()
    })
  }

  makeDirectory(directory: string, done: Done): void {
    this.run(operationOn('makeDirectory', directory), done, () => {
      for (let path = normalize(directory); !this.directories.has(path); path = dirname(path)) {
        this.directories.set(path, new Directory())
      }
      return null
    })
  }

  rename(from: string, to: string, done: Done): void {
    this.run(operationOn('rename', from), done, () => {
      const source = this.place(from)
      const target = this.place(to)
      const inode = source.directory?.seen.get(source.name)
      // Moves between directories are not needed, and would want a change that spans two of them.
      if (inode === undefined || source.directory !== target.directory) return errorOf('ENOENT', from)
      const change = [
        { name: source.name, inode: null },
        { name: target.name, inode },
      ]
      source.directory?.change(change)
      inode.path = to
      return null
    })
  }

  remove(path: string, done: Done): void {
    this.run(operationOn('remove', path), done, () => {
      const { directory, name } = this.place(path)
      if (directory?.seen.has(name) !== true) return errorOf('ENOENT', path)
      directory.change([{ name, inode: null }])
      return null
    })
  }

  syncDirectory(directory: string, done: Done): void {
    this.run(operationOn('sync', directory), done, () => {
      const found = this.directories.get(normalize(directory))
      if (found === undefined) return errorOf('ENOENT', directory)
      found.sync()
      return null
    })
  }

  freeBytes(directory: string, got: Got<number>): void {
    this.perform(operationOn('freeBytes', directory), got, 0, () => Math.max(0, this.capacityBytes - this.usedBytes()))
  }

  private usedBytes(): number {
    let bytes = 0
    for (const directory of this.directories.values()) {
      for (const { seen } of directory.inodes()) bytes += seen.length
    }
    return bytes
  }

  lock(path: string, got: Got<{ release(): void }>): void {
    const key = normalize(path)
    const release = (): void => void this.locks.delete(key)
    this.perform(operationOn('lock', path), got, { release }, () => {
      const { directory, name } = this.place(path)
      if (directory === undefined) return errorOf('ENOENT', path)
      if (this.locks.has(key)) return errorOf('ELOCKED', path)
      if (!directory.seen.has(name)) directory.change([{ name, inode: new Inode() }])
      this.locks.add(key)
      return { release }
    })
  }

  private schedule(operation: SimOperation, complete: (failed: Error | null) => void): void {
    const life = this.life
    this.options.schedule(() => {
      if (life !== this.life) return
      const code = this.fault(operation)
      complete(code === null ? null : errorOf(code, operation.path))
    }, operation)
  }

  private run(operation: SimOperation, done: Done, act: () => Error | null): void {
    this.schedule(operation, failed => done(failed ?? act()))
  }

  private perform<T>(operation: SimOperation, got: Got<T>, nothing: T, act: () => T | Error): void {
    this.schedule(operation, failed => {
      const outcome = failed ?? act()
      if (outcome instanceof Error) got(outcome, nothing)
      else got(null, outcome)
    })
  }

  private place(path: string): { directory: Directory | undefined; name: string } {
    const whole = join(path)
    return { directory: this.directories.get(dirname(whole)), name: whole.slice(whole.lastIndexOf('/') + 1) }
  }

  private lookUp(path: string): Inode | null {
    const { directory, name } = this.place(path)
    return directory?.seen.get(name) ?? null
  }
}

/** What was read, in the place of whoever gave one. */
function laidInto(target: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  if (target === undefined) return bytes
  target.set(bytes)
  return target.subarray(0, bytes.length)
}
