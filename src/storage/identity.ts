/** The file `identity`: reading it, refusing the directory of somebody else, writing it. */
import { decodeIdentity, directoryVersion, encodeIdentity, type Identity } from '../../codec/identity.js'
import type { ServerId } from '../raft/types.js'
import type { Disk, Done, Got } from './disk.js'
import { corruptError, StorageError } from './storage-error.js'
import { readWhole, writeWhole, type Paths } from './files.js'
import { inOrder } from './steps.js'

/** The identity of a directory, or null if it has none. */
export function readIdentity(disk: Disk, paths: Paths, got: Got<Identity | null>): void {
  readWhole(disk, paths.identity, (error, bytes) => {
    if (error !== null || bytes === null) {
      got(error, null)
      return
    }
    const identity = decodeIdentity(bytes)
    if (identity === null) got(corruptError(paths.identity, 0, 'its checksum is wrong'), null)
    else if ('otherVersion' in identity) got(otherVersionError(paths.identity, identity.otherVersion), null)
    else got(null, identity)
  })
}

function otherVersionError(file: string, version: number): StorageError {
  return new StorageError(
    'other-version',
    `${file} has format version ${version}, this program reads version ${directoryVersion}: ` +
      'start the version of raftgram that wrote it',
  )
}

/** The refusal of a directory that a server of another id made, or null. */
export function otherServerError(directory: string, identity: Identity, serverId: ServerId): StorageError | null {
  if (identity.serverId === serverId) return null
  return new StorageError(
    'other-server',
    `${directory} belongs to server ${identity.serverId}, not to server ${serverId}: ` +
      `start with --id ${identity.serverId}, or with the directory of server ${serverId}`,
  )
}

/**
 * Makes the file under another name and renames it: a crash leaves the whole file or none. What the directory must hold
 * besides has to be durable before this is called.
 */
export function writeIdentity(disk: Disk, paths: Paths, identity: Identity, done: Done): void {
  const pieces = [{ offset: 0, bytes: encodeIdentity(identity) }]
  inOrder(
    [
      next => writeWhole(disk, paths.identityTemporary, pieces, next),
      next => disk.rename(paths.identityTemporary, paths.identity, next),
      next => disk.syncDirectory(paths.directory, next),
    ],
    done,
  )
}
