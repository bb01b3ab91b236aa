/** raftgram verify: is everything in a data directory whole? */
import type { SnapshotMeta } from '../src/raft/types.js'
import { defineCommand } from './command.js'
import { dataOptions, inspectDirectory } from './data-directory.js'
import { exitStatus } from './exit-status.js'
import { committedIndex } from './offline-state.js'
import type { AheadFile, InspectedSegment } from '../src/storage/inspect.js'

export const verifyCommand = defineCommand({
  name: 'verify',
  words: [],
  describe: 'Check the data directory of a stopped server',
  details: `
Reads every frame and every snapshot and checks every checksum; writes nothing. Exit status 1 where a server would refuse to start
with it. A torn tail, which a crash may leave, is told but is no damage: the next start cuts it off.`,
  options: dataOptions,
  examples: [['verify --data ./raftgram-data/1', '']],
  async run({ options, output }) {
    const inspection = await inspectDirectory(options.data)
    const { identity, hardState, segments, ahead, snapshots, baseIndex, entries, problems } = inspection
    const commitIndex = committedIndex(inspection)
    const isWhole = !problems.some(({ fatal }) => fatal)
    const batches = segments.reduce((sum, segment) => sum + segment.batches.length, 0)
    const bytes = segments.reduce(
      (sum, segment) => sum + segment.batches.reduce((all, batch) => all + batch.bytes, 0),
      0,
    )
    const firstLogIndex = entries.length === 0 ? null : entries.baseIndex + 1
    const lastLogIndex = entries.length === 0 ? null : entries.lastIndex
    const summary = [
      identity === null
        ? 'identity    unreadable'
        : `identity    server ${identity.serverId} of ${identity.foundingCluster}`,
      hardState === null
        ? 'hard state  unreadable'
        : `hard state  term ${hardState.currentTerm}, voted for ${hardState.votedFor === 0 ? 'nobody' : hardState.votedFor}`,
      `log         ${counted(segments.length, 'segment', 'segments')}, ${counted(batches, 'batch', 'batches')}, ${bytes} bytes`,
      ...segments.map(segment => `            ${segmentForPeople(segment)}`),
      ...ahead.map(file => `            ${aheadForPeople(file)}`),
      ...(snapshots.length === 0 ? ['snapshots   none'] : snapshots.map(({ meta }) => snapshotLine(meta))),
      firstLogIndex === null || lastLogIndex === null
        ? `entries     none${baseIndex === 0 ? '' : ` after ${baseIndex}`}`
        : `entries     ${firstLogIndex} to ${lastLogIndex}, committed for certain up to ${commitIndex}`,
      ...problems.map(({ fatal, what }) => `${fatal ? 'DAMAGED    ' : 'note       '} ${what}`),
      isWhole ? 'whole' : 'damaged: a server refuses to start with this directory',
    ]
    const fields = {
      serverId: identity?.serverId ?? null,
      term: hardState?.currentTerm ?? null,
      votedFor: hardState?.votedFor ?? null,
      segments: segments.length,
      batches,
      bytes,
      files: [
        ...segments.map(({ path, header, batches: inside }) => ({
          path,
          previousIndex: header.previousIndex,
          previousTerm: header.previousTerm,
          batches: inside.length,
          resets: inside.flatMap(({ reset }) => reset ?? []),
        })),
        ...ahead,
      ],
      baseIndex,
      snapshots: snapshots.map(({ meta }) => meta),
      firstLogIndex,
      lastLogIndex,
      commitIndex,
      problems,
    }
    const verdict = isWhole ? { ok: true } : { ok: false, error: 'damaged' }
    output.result({ ...verdict, ...fields }, summary.join('\n'))
    return isWhole ? exitStatus.done : exitStatus.no
  },
})

function segmentForPeople({ path, header, batches }: InspectedSegment): string {
  const resets = batches.filter(({ reset }) => reset !== null).length
  const marks = resets === 0 ? '' : `, ${counted(resets, 'reset', 'resets')}`
  return `${path}: follows entry ${header.previousIndex}, ${counted(batches.length, 'batch', 'batches')}${marks}`
}

function aheadForPeople({ path, bytes, wasSegment }: AheadFile): string {
  return `${path}: ${bytes} bytes, ${wasSegment ? 'to be used again' : 'prepared'} for a later segment`
}

function snapshotLine({ lastIncludedIndex, lastIncludedTerm, voters, totalBytes }: SnapshotMeta): string {
  return `snapshot    up to entry ${lastIncludedIndex} of term ${lastIncludedTerm}, voters ${voters.join(', ')}, ${totalBytes} bytes`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
