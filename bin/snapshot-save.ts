/** raftgram snapshot save: a backup of a running cluster, read piece by piece from the leader's disk. */
import { chunkCount, chunkPayloadBytes, chunkPayloadBytesMax } from '../codec/snapshot.js'
import { SnapshotGoneError, type SnapshotClient } from '../src/client/snapshots.js'
import type { ToldSnapshot } from '../src/node/snapshot-requests.js'
import { revisionIn } from '../src/session/sessions-reader.js'
import type { Address } from '../src/transport/socket.js'
import { BackupOutput, checkTarget } from './backup-output.js'
import { CommandError, exitStatus, type ExitStatus } from './exit-status.js'
import type { Output } from './output.js'
import { showCount } from './progress.js'
import { withSnapshots, type SnapshotSettings } from './snapshot-client.js'
import { bytesText } from './units.js'

/** Pieces asked for and not answered yet. */
const window = 16

/** A snapshot may go away while it is read, with its server: then another is read, so often. */
const attemptsMax = 5

export function saveBackup(
  path: string,
  options: SnapshotSettings & { readonly force: boolean },
  output: Output,
): Promise<ExitStatus> {
  checkTarget(path, options.force)
  return withSnapshots(options, output, async client => {
    for (let attempt = 1; ; attempt++) {
      try {
        await saveOnce(path, client, output)
        return exitStatus.done
      } catch (error) {
        if (!(error instanceof SnapshotGoneError)) throw error
        if (attempt === attemptsMax) throw new CommandError('unavailable', `${path} was not written: ${error.message}`)
        output.note(`raftgram: ${error.message}; beginning again`)
      }
    }
  })
}

async function saveOnce(path: string, client: SnapshotClient, output: Output): Promise<void> {
  const { told, server } = await client.hold()
  const { lastIncludedIndex, lastIncludedTerm, totalBytes, hash, serverId } = told
  output.note(`reading the snapshot of server ${serverId} up to entry ${lastIncludedIndex}, ${bytesText(totalBytes)}`)
  const file = await BackupOutput.create(path)
  try {
    const revision = await readBody(client, server, told, file)
    await file.finish(told)
    const meta = { lastIncludedIndex, lastIncludedTerm, revision, bytes: totalBytes, hash: hash.toString(16) }
    const where = `up to entry ${lastIncludedIndex} of term ${lastIncludedTerm}`
    const what = `revision ${String(revision ?? '?')}, ${totalBytes} bytes, hash ${meta.hash}`
    output.result({ ok: true, file: path, ...meta }, `saved ${path}: ${where}, ${what}`)
  } catch (error) {
    await file.abandon()
    throw error
  }
}

/** Returns the revision of the state. Pieces are chunks of the file, so each can be written as it comes. */
async function readBody(
  client: SnapshotClient,
  server: Address,
  told: ToldSnapshot,
  file: BackupOutput,
): Promise<number | null> {
  const count = chunkCount(told.totalBytes)
  const progress = showCount(count, 'pieces of 31 KiB', () => ({}))
  let revision: number | null = null
  let next = 0
  let read = 0
  let hasFailed = false
  const readOn = async (): Promise<void> => {
    while (next < count && !hasFailed) {
      const number = next++
      const bytes = await client.read(server, told, number * chunkPayloadBytesMax)
      if (bytes.length !== chunkPayloadBytes(told.totalBytes, number)) {
        throw new SnapshotGoneError(`server ${told.serverId} gave a piece of ${bytes.length} bytes`)
      }
      if (number === 0) revision = revisionIn(bytes)
      await file.writeChunk(number, bytes)
      progress.update(++read)
    }
  }
  const readers = Array.from({ length: window }, () =>
    readOn().catch((error: unknown) => {
      hasFailed = true
      throw error
    }),
  )
  const ended = await Promise.allSettled(readers)
  progress.stop()
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return revision
}
