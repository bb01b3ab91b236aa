/**
 * A snapshot file that stands alone, outside of any data directory: a backup. The format is that of a server's own
 * (codec/snapshot.ts); the header tells which cluster and server it was read from.
 */
import {
  decodeSnapshotHeader,
  snapshotFileBytes,
  snapshotHeaderBytes,
  snapshotVersion,
  type SnapshotHeader,
} from '../../codec/snapshot.js'
import type { Disk, Got } from './disk.js'
import { SnapshotFile } from './snapshot-reader.js'
import { pathErrorOf, StorageError } from './storage-error.js'

export interface BackupFile {
  readonly file: SnapshotFile
  readonly header: SnapshotHeader
}

/** Opens a backup and reads all of it once, to see that every byte is right. */
export function openBackup(disk: Disk, path: string, got: Got<BackupFile | null>): void {
  disk.open(path, 'read-only', (error, opened) => {
    if (error !== null) {
      got(unreadable(error, path), null)
      return
    }
    opened.read(0, snapshotHeaderBytes, (readError, bytes) => {
      const header = decodeSnapshotHeader(bytes)
      const refusal = readError === null ? refusalOf(path, header, opened.sizeBytes) : unreadable(readError, path)
      if (refusal !== null || header === null || header === 'other-version') {
        opened.close(() => got(refusal, null))
        return
      }
      const file = new SnapshotFile(path, opened, header)
      file.verify(damage => {
        if (damage === null) got(null, { file, header })
        else file.close(() => got(ofBackup(damage), null))
      })
    })
  })
}

function unreadable(error: Error, path: string): StorageError {
  return pathErrorOf(error, `read ${path}`, 'name the file of a backup')
}

function refusalOf(path: string, header: SnapshotHeader | 'other-version' | null, sizeBytes: number) {
  if (header === 'other-version') {
    const message = `${path} was written by another version, this program reads version ${snapshotVersion}`
    return new StorageError('other-version', `${message}: use the version of raftgram that wrote it`)
  }
  if (header === null) return damaged(path, 0, 'it does not begin with the header of a snapshot')
  const wholeBytes = snapshotFileBytes(header.totalBytes)
  if (sizeBytes === wholeBytes) return null
  return damaged(path, Math.min(sizeBytes, wholeBytes), `it has ${sizeBytes} bytes, not ${wholeBytes}`)
}

/** The advice is not that for a server's own files. */
function ofBackup(error: Error): Error {
  if (!('file' in error && 'offset' in error && 'what' in error)) return error
  return damaged(String(error.file), Number(error.offset), String(error.what))
}

function damaged(path: string, offset: number, what: string): StorageError {
  return new StorageError('corrupt', `${path} is damaged at byte ${offset}: ${what}: use another copy`)
}
