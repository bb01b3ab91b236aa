/** raftgram snapshot: every server takes one now. */
import type { ServerReport } from '../src/client/server-reports.js'
import { NoSpaceError, RaftgramError } from '../src/client/errors.js'
import type { SnapshotClient } from '../src/client/snapshots.js'
import { CommandError, codeOfError, exitStatus, messageOfError, type ExitStatus } from './exit-status.js'
import type { Output } from './output.js'
import { table } from './table.js'
import { withSnapshots, type SnapshotSettings } from './snapshot-client.js'

interface Taken {
  readonly cells: readonly string[]
  readonly fields: object
  readonly code: string
}

const headings = ['id', 'address', 'entry', 'term', 'bytes', 'hash']

export function takeSnapshots(
  options: SnapshotSettings & { readonly id: number | undefined },
  output: Output,
): Promise<ExitStatus> {
  return withSnapshots(options, output, async client => {
    const reports = await client.status()
    const asked = reports.filter(({ id }) => options.id === undefined || id === options.id)
    if (asked.length === 0) throw new CommandError('unavailable', `no server ${String(options.id)} was found`)
    const all = await Promise.all(asked.map(report => takeAt(client, report)))
    for (const { fields } of all) if (output.isJson) output.result(fields)
    const whole = all.filter(({ code }) => code === 'ok')
    if (!output.isJson && whole.length > 0) output.result({}, tableOf(whole))
    for (const { fields, code } of all) {
      if (code !== 'ok' && 'message' in fields) output.note(`raftgram: ${String(fields.message)}`)
    }
    if (all.some(({ code }) => code === 'no-space')) return exitStatus.no
    return whole.length === 0 ? exitStatus.unavailable : exitStatus.done
  })
}

function tableOf(taken: readonly Taken[]): string {
  return table(
    headings,
    taken.map(({ cells }) => cells),
    ['id', 'entry', 'term', 'bytes'],
  )
}

async function takeAt(client: SnapshotClient, { id, address, role }: ServerReport): Promise<Taken> {
  const failed = (code: string, message: string): Taken => {
    return { cells: [], fields: { ok: false, error: code, message, id: id === 0 ? null : id, address }, code }
  }
  if (role === 'unreachable') return failed('unavailable', `the server at ${address} does not answer`)
  try {
    const { lastIncludedIndex, lastIncludedTerm, totalBytes, hash } = await client.take(address)
    const cells = [id, address, lastIncludedIndex, lastIncludedTerm, totalBytes, hash.toString(16)].map(String)
    const meta = { lastIncludedIndex, lastIncludedTerm, totalBytes, hash: hash.toString(16) }
    return { cells, fields: { ok: true, id, address, ...meta }, code: 'ok' }
  } catch (error) {
    if (error instanceof NoSpaceError) return failed('no-space', `server ${id} has no room on its disk for a snapshot`)
    if (error instanceof RaftgramError) return failed(codeOfError(error), `server ${id}: ${messageOfError(error)}`)
    throw error
  }
}
