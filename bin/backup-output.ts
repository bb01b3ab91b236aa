/**
 * Writes a backup: beside the file under another name, its header last, then everything is read once more and held against
 * checksums and hash, and only then it gets its name. So a file with the name is always whole.
 */
import { existsSync } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  chunkHeaderBytes,
  chunkOffset,
  encodeSnapshotHeader,
  sealChunk,
  type SnapshotHeader,
} from '../codec/snapshot.js'
import { viewOf } from '../codec/cursor.js'
import { openBackup, type BackupFile } from '../src/storage/snapshot-file.js'
import { nodeDisk } from '../src/storage/disk-node.js'
import { StorageError } from '../src/storage/storage-error.js'
import { ServerError } from '../src/node/server-error.js'
import { whyPath } from '../src/base/path-error.js'
import { CommandError, usageError } from './exit-status.js'
import { isDirectory } from './is-directory.js'

/** Refuses to overwrite what was not meant, and what cannot be a file. */
export function checkTarget(path: string, isForced: boolean): void {
  if (isDirectory(path)) throw usageError(`${path} is a directory: name a file`)
  if (existsSync(path) && !isForced)
    throw usageError(`${path} exists: choose another file, or overwrite it with --force`)
  if (!isDirectory(dirname(path))) throw usageError(`there is no directory ${dirname(path)}: make it first`)
}

export class BackupOutput {
  private readonly path: string
  private readonly temporary: string
  private readonly handle: FileHandle

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path
    this.temporary = temporary
    this.handle = handle
  }

  static async create(path: string): Promise<BackupOutput> {
    const temporary = `${path}.tmp`
    try {
      return new BackupOutput(path, temporary, await open(temporary, 'w'))
    } catch (error) {
      throw usageError(`cannot write ${temporary}: ${whyPath(error)}: choose another file`)
    }
  }

  /** The chunk with this number of the body, in any order; all are full but the last. */
  async writeChunk(number: number, payload: Uint8Array): Promise<void> {
    const chunk = new Uint8Array(chunkHeaderBytes + payload.length)
    chunk.set(payload, chunkHeaderBytes)
    sealChunk(chunk, viewOf(chunk), 0, number, payload.length)
    await this.write(chunk, chunkOffset(number))
  }

  /** All chunks are written. Resolves when the backup is durable under its name. */
  async finish(header: SnapshotHeader): Promise<void> {
    await this.write(encodeSnapshotHeader(header), 0)
    await this.handle.sync()
    await this.handle.close()
    const { file } = await openedBackup(this.temporary)
    await new Promise<void>(resolve => file.close(() => resolve()))
    await rename(this.temporary, this.path)
    const directory = await open(dirname(this.path), 'r')
    await directory.sync()
    await directory.close()
  }

  /** Nothing is left of it. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined)
    await rm(this.temporary, { force: true })
  }

  private async write(bytes: Uint8Array, at: number): Promise<void> {
    try {
      let written = 0
      while (written < bytes.length) {
        const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, at + written)
        written += bytesWritten
      }
    } catch (error) {
      throw new CommandError('io', `cannot write ${this.temporary}: ${whyPath(error)}`)
    }
  }
}

/** A backup whose every byte was checked. Throws a usage error where there is none, `damaged` where it is. */
export function openedBackup(path: string): Promise<BackupFile> {
  return new Promise((resolve, reject) => {
    openBackup(nodeDisk, path, (error, opened) => {
      if (opened !== null) resolve(opened)
      else if (!(error instanceof StorageError)) reject(error ?? new Error(`nothing was read of ${path}`))
      else if (error.code === 'corrupt') reject(new CommandError('damaged', error.message))
      else reject(ServerError.ofStorage(error))
    })
  })
}
