/**
 * The real disk: node:fs with callbacks. Files that are written are opened with O_DSYNC, so a completed write is a
 * durable write and costs one trip through the thread pool instead of two (write, then fdatasync). An error is handed
 * on as it is and nothing is tried again: after a failed sync the kernel may call the pages clean, and a second sync
 * that succeeds would vouch for bytes that never reached the disk.
 *
 * Whole pages of a file from whole pages of memory (`memory`) go past the page cache (O_DIRECT): hundreds of megabytes
 * of a snapshot are not copied, and neither take memory from the machine nor push out what others read.
 */
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { tryLock, unlock } from 'fs-native-extensions'
import { assert } from '../base/assert.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { isPages, pageBytes, pageMemory } from './page-memory.js'
import { codeOf } from './storage-error.js'

const { O_CREAT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR } = fs.constants

assert(Object.hasOwn(fs.constants, 'O_DSYNC'), 'the platform has O_DSYNC, without which no write is known durable')

const openFlags = {
  existing: O_RDWR | O_DSYNC,
  create: O_RDWR | O_DSYNC | O_CREAT | O_EXCL,
  'read-only': O_RDONLY,
}

/** Of Linux alone, as is the way to open once more what is open. */
const { O_DIRECT } = fs.constants as { O_DIRECT?: number }

class NodeFile implements DiskFile {
  private readonly fd: number
  sizeBytes: number
  /** The same file past the page cache, when it was asked for. */
  private directFd: number | null = null
  private isOpeningDirect = false
  /** Whether pages can go past the cache, as far as is known: not every file system lets them. */
  private mayBeDirect = O_DIRECT !== undefined

  constructor(fd: number, sizeBytes: number) {
    this.fd = fd
    this.sizeBytes = sizeBytes
  }

  write(offset: number, data: Uint8Array, done: Done): void {
    const isOfPages = offset % pageBytes === 0 && isPages(data)
    if (!isOfPages || !this.mayBeDirect || this.isOpeningDirect) this.writeTo(this.fd, offset, data, done)
    else if (this.directFd !== null) this.writeDirect(this.directFd, offset, data, done)
    else this.openDirect(() => this.write(offset, data, done))
  }

  private openDirect(then: () => void): void {
    this.isOpeningDirect = true
    fs.open(`/proc/self/fd/${this.fd}`, O_RDWR | O_DSYNC | (O_DIRECT ?? 0), (error, fd) => {
      this.isOpeningDirect = false
      if (error === null) this.directFd = fd
      else this.mayBeDirect = false
      then()
    })
  }

  /** Where the file system or the disk wants other pages, or none, nothing was written: it is no error to go by the cache. */
  private writeDirect(fd: number, offset: number, data: Uint8Array, done: Done): void {
    this.writeTo(fd, offset, data, error => {
      if (error === null || !['EINVAL', 'EOPNOTSUPP', 'ENOTSUP'].includes(codeOf(error))) return done(error)
      this.mayBeDirect = false
      this.write(offset, data, done)
    })
  }

  private writeTo(fd: number, offset: number, data: Uint8Array, done: Done): void {
    fs.write(fd, data, 0, data.length, offset, (error, written) => {
      if (error !== null) return done(error)
      this.sizeBytes = Math.max(this.sizeBytes, offset + written)
      // A write may be short (a signal, a disk that is nearly full): the rest is a write of its own, or its error.
      if (written < data.length) this.write(offset + written, data.subarray(written), done)
      else done(null)
    })
  }

  read(offset: number, length: number, got: Got<Uint8Array>, target = new Uint8Array(length)): void {
    this.readOn(target.subarray(0, length), 0, offset, got)
  }

  private readOn(bytes: Uint8Array, held: number, offset: number, got: Got<Uint8Array>): void {
    fs.read(this.fd, bytes, held, bytes.length - held, offset + held, (error, count) => {
      if (error !== null) got(error, bytes.subarray(0, held))
      else if (count === 0 || held + count === bytes.length) got(null, bytes.subarray(0, held + count))
      else this.readOn(bytes, held + count, offset, got)
    })
  }

  close(done: Done): void {
    const { directFd } = this
    // What opens it anew goes by the number of its descriptor, which may be another file's by then.
    assert(!this.isOpeningDirect, 'a file is closed when nothing is being written to it')
    const closeCached = (directError: Error | null): void => {
      fs.close(this.fd, error => done(directError ?? error ?? null))
    }
    if (directFd === null) closeCached(null)
    else fs.close(directFd, error => closeCached(error ?? null))
  }
}

function open(
  path: string,
  flags: number,
  got: (error: Error | null, file: NodeFile | null, fd: number) => void,
): void {
  fs.open(path, flags, 0o600, (error, fd) => {
    if (error !== null) return got(error, null, -1)
    fs.fstat(fd, (statError, stats) => {
      if (statError === null) return got(null, new NodeFile(fd, stats.size), fd)
      fs.close(fd, () => got(statError, null, -1))
    })
  })
}

/** fsync of the directory itself: what makes its names durable. */
function syncDirectory(directory: string, done: Done): void {
  fs.open(directory, O_RDONLY, (error, fd) => {
    if (error !== null) return done(error)
    fs.fsync(fd, syncError => {
      fs.close(fd, closeError => done(syncError ?? closeError ?? null))
    })
  })
}

/** Syncs the parents of `directory` up to that of `firstMade`: a new directory is durable when its parent is synced. */
function syncParents(directory: string, firstMade: string, done: Done): void {
  const parent = dirname(directory)
  syncDirectory(parent, error => {
    if (error !== null || directory === firstMade || parent === directory) done(error)
    else syncParents(parent, firstMade, done)
  })
}

/** A directory that was found may come from a start that ended before it was synced; one we may not read does not. */
function syncParentIfReadable(directory: string, done: Done): void {
  syncDirectory(dirname(directory), error => done(error !== null && codeOf(error) === 'EACCES' ? null : error))
}

function lockedError(path: string): Error {
  return Object.assign(new Error(`ELOCKED: held by another process, lock '${path}'`), { code: 'ELOCKED' })
}

/**
 * Gives the topmost directory that had to be made, or null. Node's own recursive mkdir never comes back where a parent
 * says ENOENT to its children, as /proc does.
 */
function makeWithParents(
  path: string,
  got: (error: NodeJS.ErrnoException | null, firstMade: string | null) => void,
): void {
  const make = (then: (error: NodeJS.ErrnoException | null) => void) => fs.mkdir(path, { mode: 0o700 }, then)
  make(error => {
    if (error === null) return got(null, path)
    if (error.code === 'EEXIST') return mustBeDirectory(path, got)
    if (error.code !== 'ENOENT' || dirname(path) === path) return got(error, null)
    const parent = dirname(path)
    makeWithParents(parent, (parentError, firstMade) => {
      if (parentError !== null) return got(parentError, null)
      // If the parent was there after all, another process has just made it, as servers that start together do; or it cannot
      // hold directories, and says "no such place" once more.
      make(childError => {
        if (childError?.code === 'EEXIST') mustBeDirectory(path, notOne => got(notOne, firstMade ?? parent))
        else got(childError, firstMade ?? parent)
      })
    })
  })
}

function mustBeDirectory(path: string, got: (error: NodeJS.ErrnoException | null, firstMade: null) => void): void {
  fs.stat(path, (error, found) => {
    if (error !== null || found.isDirectory()) return got(error, null)
    got(Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), { code: 'ENOTDIR' }), null)
  })
}

class NodeDisk implements Disk {
  memory(bytes: number): Uint8Array {
    return pageMemory(bytes)
  }

  open(path: string, mode: 'existing' | 'create' | 'read-only', got: Got<DiskFile>): void {
    open(path, openFlags[mode], (error, file) => {
      // The port's value has no meaning beside an error.
      got(error, file as DiskFile)
    })
  }

  list(directory: string, got: Got<string[]>): void {
    fs.readdir(directory, (error, names) => {
      if (error !== null) got(error, [])
      else got(null, names.sort())
    })
  }

  makeDirectory(directory: string, done: Done): void {
    const path = resolve(directory)
    makeWithParents(path, (error, firstMade) => {
      if (error !== null) done(error)
      else if (firstMade === null) syncParentIfReadable(path, done)
      else syncParents(path, firstMade, done)
    })
  }

  rename(from: string, to: string, done: Done): void {
    fs.rename(from, to, done)
  }

  remove(path: string, done: Done): void {
    fs.unlink(path, done)
  }

  syncDirectory(directory: string, done: Done): void {
    syncDirectory(directory, done)
  }

  freeBytes(directory: string, got: Got<number>): void {
    // What is kept for the superuser does not count, whoever runs this server.
    fs.statfs(directory, (error, found) => got(error, error === null ? found.bavail * found.bsize : 0))
  }

  /** The lock belongs to the opened file, so it also keeps out a second opener in this process. */
  lock(path: string, got: Got<{ release(): void }>): void {
    open(path, O_RDWR | O_CREAT, (error, file, fd) => {
      const refused = error ?? lockOf(fd, path)
      const lock = new NodeLock(fd)
      if (refused !== null && file !== null) fs.close(fd, () => got(refused, lock))
      else got(refused, lock)
    })
  }
}

/** It is kept for as long as the process runs: no closure, which would keep all that those who asked for it had at hand. */
class NodeLock {
  private readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }

  release(): void {
    unlock(this.fd)
    fs.close(this.fd)
  }
}

function lockOf(fd: number, path: string): Error | null {
  try {
    return tryLock(fd) ? null : lockedError(path)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The disk of the operating system. Files and directories are made for their owner alone: they hold what users keep. */
export const nodeDisk: Disk = new NodeDisk()
