/**
 * raftgram recover: for a cluster that has lost its majority for good. What one surviving server holds, committed or not,
 * becomes a backup, and a new cluster begins with it.
 */
import { hashChunk, chunkPayloadBytesMax } from '../codec/snapshot.js'
import type { Inspection } from '../src/storage/inspect.js'
import { BackupOutput, checkTarget } from './backup-output.js'
import { defineCommand } from './command.js'
import { inspectDirectory } from './data-directory.js'
import { CommandError, exitStatus, messageOfError, usageError } from './exit-status.js'
import { committedIndex, lastEntryOf, stateAt } from './offline-state.js'
import { flag, required, text } from './option.js'
import type { Output } from './output.js'
import { showCount } from './progress.js'

export const recoverCommand = defineCommand({
  name: 'recover',
  words: [],
  describe: 'Save what is left of a cluster that has lost its majority for good',
  details: `
Reads the data directories of the stopped servers that are left, takes the one whose log is most up to date, by the term
and then by the index of its last entry, of those that hold all that is known to be committed, and writes all that it holds to a backup, for \`snapshot restore\` on all
servers of a new cluster. Nothing else is changed.

What that may cost: entries behind those that are known to be committed may never have been acknowledged, or been
replaced by others; they come true now. And what the lost servers acknowledged without this one is gone. The
numbers are printed; without --i-accept-data-loss that is all that happens.`,
  options: {
    data: required('Data directories of stopped servers: DIR,DIR,...', directories),
    to: required('File of the backup to write', text),
    iAcceptDataLoss: flag('Do it'),
    force: flag('Overwrite the file'),
  },
  examples: [
    ['recover --data ./raftgram-data/1,./raftgram-data/3 --to rescued.snapshot', 'what would be given up'],
    ['recover --data ./raftgram-data/1,./raftgram-data/3 --to rescued.snapshot --i-accept-data-loss', ''],
  ],
  async run({ options, output }) {
    checkTarget(options.to, options.force)
    const survivors: Survivor[] = []
    for (const directory of options.data) survivors.push(await survivorIn(directory))
    checkTogether(survivors)
    const chosen = mostUpToDate(survivors)
    const committed = Math.max(...survivors.map(one => one.committed))
    const { directory, inspection, index, term, serverId } = chosen
    for (const other of survivors) output.note(lineOf(other, other === chosen))
    const lost = serversOf(inspection).filter(id => !survivors.some(one => one.serverId === id))
    const uncertain = index - committed
    output.note(
      `entries 1 to ${committed} are committed for certain; ${uncertain} behind them may never have been acknowledged, ` +
        'or were not the ones that were; they come true now',
    )
    if (lost.length > 0) {
      output.note(
        `what servers ${lost.join(', ')} acknowledged and server ${serverId} never got is gone, and nobody can say how much`,
      )
    }
    const given = { directory, serverId, lastIndex: index, lastTerm: term, committedIndex: committed, uncertain, lost }
    if (!options.iAcceptDataLoss) {
      throw new CommandError('usage', 'nothing was written: if that is acceptable, say --i-accept-data-loss', given)
    }
    const { hash, bytes, revision, keys } = await write(options.to, chosen, output)
    const meta = { file: options.to, lastIncludedIndex: index, lastIncludedTerm: term, revision, keys, bytes, hash }
    output.result(
      { ok: true, ...meta, ...given },
      `wrote ${options.to} out of ${directory}: up to entry ${index} of term ${term}, revision ${revision}, ${keys} keys, ` +
        `${bytes} bytes, hash ${hash}\nmake each server of the new cluster out of it with raftgram snapshot restore`,
    )
    return exitStatus.done
  },
})

interface Survivor {
  readonly directory: string
  readonly inspection: Inspection
  readonly serverId: number
  readonly clusterId: number
  /** Of the last entry that it holds. */
  readonly index: number
  readonly term: number
  /** Up to there its entries are committed for certain. */
  readonly committed: number
}

function directories(typed: string): readonly string[] {
  const parts = typed.split(',')
  if (parts.includes('')) throw new Error('must be DIR, or DIR,DIR,...')
  return [...new Set(parts)]
}

async function survivorIn(directory: string): Promise<Survivor> {
  const inspection = await inspectDirectory(directory)
  const { identity, problems } = inspection
  const damage = problems.find(({ fatal }) => fatal)
  if (damage !== undefined)
    throw new CommandError('damaged', `${damage.what} (leave ${directory} out, if others are left)`)
  const last = lastEntryOf(inspection)
  if (identity === null || last === null) throw usageError(`${directory} holds no entry: there is nothing to recover`)
  const committed = committedIndex(inspection)
  const { serverId, clusterId } = identity
  return { directory, inspection, serverId, clusterId, index: last.index, term: last.term, committed }
}

function checkTogether(survivors: readonly Survivor[]): void {
  const [first] = survivors
  for (const { directory, clusterId, serverId } of survivors) {
    if (clusterId !== first?.clusterId) throw usageError(`${directory} is of another cluster: name those of one`)
    const same = survivors.find(other => other.serverId === serverId && other.directory !== directory)
    if (same !== undefined)
      throw usageError(`${directory} and ${same.directory} are both of server ${serverId}: name one`)
  }
}

/**
 * Of those that hold everything that any of them knows to be committed: a later term alone does not prove that, for the last
 * entry may be of a leader that a later one, which is lost, has overruled.
 */
function mostUpToDate(survivors: readonly Survivor[]): Survivor {
  const knowing = survivors.reduce((best, one) => (one.committed > best.committed ? one : best))
  const committedTerm = termAt(knowing, knowing.committed)
  const holding = survivors.filter(
    one => one.committed === knowing.committed || termAt(one, knowing.committed) === committedTerm,
  )
  return holding.reduce((best, one) => (isMoreUpToDate(one, best) ? one : best))
}

/** Null where it holds no such entry; what a snapshot covers is committed, and needs no look. */
function termAt({ inspection: { entries, snapshots } }: Survivor, index: number): number | null {
  const newest = snapshots.at(-1)?.meta
  if (newest?.lastIncludedIndex === index) return newest.lastIncludedTerm
  return index > entries.baseIndex ? (entries.termAt(index) ?? null) : null
}

/** As voters judge candidates (section 5.4.1 of the paper). */
function isMoreUpToDate(one: Survivor, other: Survivor): boolean {
  return one.term !== other.term ? one.term > other.term : one.index > other.index
}

function lineOf({ directory, serverId, index, term, committed }: Survivor, isChosen: boolean): string {
  const holds = `last entry ${index} of term ${term}, committed for certain up to ${committed}`
  return `server ${serverId} in ${directory}: ${holds}${isChosen ? ' (taken: the most up to date)' : ''}`
}

function serversOf({ identity }: Inspection): number[] {
  const list = identity?.foundingCluster ?? ''
  return list.split(',').map(member => Number(member.slice(0, member.indexOf('='))))
}

async function write(
  path: string,
  { directory, inspection, index, term, serverId, clusterId }: Survivor,
  output: Output,
) {
  const progress = showCount(index, 'entries', () => ({}))
  const { store, state } = await stateAt(inspection, index, applied => progress.update(applied)).catch(
    (error: unknown) => {
      throw new CommandError('damaged', `the entries in ${directory} make no sense: ${messageOfError(error)}`)
    },
  )
  progress.stop()
  output.note(`writing ${path}`)
  const file = await BackupOutput.create(path)
  try {
    let hash = 0
    let bytes = 0
    let number = 0
    for (const chunk of fullChunks(state.sessions.snapshot())) {
      hash = hashChunk(chunk, hash)
      bytes += chunk.length
      await file.writeChunk(number++, chunk)
    }
    const meta = {
      lastIncludedIndex: index,
      lastIncludedTerm: term,
      voters: serversOf(inspection),
      totalBytes: bytes,
      hash,
    }
    const incarnation = inspection.identity?.incarnation ?? 0
    await file.finish({ ...meta, clusterId, serverId, incarnation })
    return { hash: hash.toString(16), bytes, revision: state.sessions.revision, keys: store.size }
  } catch (error) {
    await file.abandon()
    throw error
  }
}

/** The same bytes, cut as a snapshot file wants them. */
function* fullChunks(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let chunk = new Uint8Array(chunkPayloadBytesMax)
  let held = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + chunkPayloadBytesMax - held)
      chunk.set(taken, held)
      held += taken.length
      at += taken.length
      if (held < chunkPayloadBytesMax) continue
      yield chunk
      chunk = new Uint8Array(chunkPayloadBytesMax)
      held = 0
    }
  }
  if (held > 0) yield chunk.subarray(0, held)
}
