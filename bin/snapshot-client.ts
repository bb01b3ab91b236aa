/** A client of snapshots for a command: connected, closed whatever happens, and ended by Ctrl-C. */
import { SnapshotClient } from '../src/client/snapshots.js'
import { exitStatus } from './exit-status.js'
import type { Output } from './output.js'

export interface SnapshotSettings {
  readonly endpoints: readonly string[]
  readonly timeoutMs: number
  readonly datagramBytesMax: number | undefined
}

/** On SIGINT what is under way is given up: nothing was changed that a later try would mind. */
export async function withSnapshots<T>(
  settings: SnapshotSettings,
  output: Output,
  work: (client: SnapshotClient) => Promise<T>,
): Promise<T> {
  const interruptedEarly = () => {
    output.failure('unavailable', 'interrupted before anything was sent')
    process.exit(exitStatus.unavailable)
  }
  process.once('SIGINT', interruptedEarly)
  const client = await SnapshotClient.connect(settings)
  process.off('SIGINT', interruptedEarly)
  const interrupted = () => void client.close()
  process.once('SIGINT', interrupted)
  try {
    return await work(client)
  } finally {
    process.off('SIGINT', interrupted)
    await client.close()
  }
}
