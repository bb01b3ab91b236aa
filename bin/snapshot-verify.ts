/** raftgram snapshot verify: is a backup whole, and what is in it? */
import { openedBackup } from './backup-output.js'
import { CommandError, exitStatus, messageOfError, type ExitStatus } from './exit-status.js'
import { stateOf } from './offline-state.js'
import type { Output } from './output.js'

export async function verifyBackup(path: string, output: Output): Promise<ExitStatus> {
  const { file, header } = await openedBackup(path)
  const { lastIncludedIndex, lastIncludedTerm, voters, totalBytes, serverId } = header
  const hash = header.hash.toString(16)
  const loaded = await stateOf(file).catch((error: unknown) => {
    throw new CommandError('damaged', `${path} is whole, but holds no key-value store: ${messageOfError(error)}`)
  })
  await new Promise<void>(resolve => file.close(() => resolve()))
  const { store, state } = loaded
  const { revision, sessionCount: sessions } = state.sessions
  const lines = [
    `up to       entry ${lastIncludedIndex} of term ${lastIncludedTerm}, revision ${revision}`,
    `holds       ${store.size} keys, ${sessions} sessions of clients, ${totalBytes} bytes`,
    `hash        ${hash}`,
    `written by  server ${serverId}; voters ${voters.join(', ')}`,
    'whole',
  ]
  const holds = { revision, keys: store.size, sessions, bytes: totalBytes, hash }
  const fields = { file: path, lastIncludedIndex, lastIncludedTerm, ...holds, voters, serverId }
  output.result({ ok: true, ...fields }, lines.join('\n'))
  return exitStatus.done
}
