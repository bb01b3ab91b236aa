import t from 'tap'
import type { Logger } from '../../src/base/logger.js'
import { SnapshotTaker } from '../../src/node/snapshot-taker.js'
import type { Entry, SnapshotMeta } from '../../src/raft/types.js'
import { entryOverheadBytes } from '../../src/raft/types.js'
import { StorageError } from '../../src/storage/storage-error.js'
import type { SnapshotPosition, TookSnapshot } from '../../src/storage/snapshot-writer.js'

const recordBytes = 100

function entryOf(index: number): Entry {
  const payload = new Uint8Array(recordBytes - entryOverheadBytes)
  return { index, term: 2, kind: 'commands', payload, record: null }
}

class Rig {
  readonly told: string[] = []
  newest: SnapshotMeta | null = null
  persistedIndex = 1_000
  private writing: { position: SnapshotPosition; got: TookSnapshot } | null = null
  readonly taker: SnapshotTaker

  constructor(everyBytes = 10 * recordBytes) {
    const warn = (_fields: object, line: string): void => void this.told.push(`warn ${line}`)
    const logger: Logger = { debug: warn, info: warn, warn, error: warn }
    this.taker = new SnapshotTaker(
      {
        walk: () => [][Symbol.iterator](),
        voters: [1, 2],
        admittedAt: () => [],
        newest: () => this.newest,
        take: (position, _chunks, got) => {
          this.told.push(`take ${position.lastIncludedIndex}/${position.lastIncludedTerm}`)
          this.writing = { position, got }
        },
        persistedIndex: () => this.persistedIndex,
        taken: ({ lastIncludedIndex }) => void this.told.push(`taken ${lastIncludedIndex}`),
        guard: step => step(),
        scheduleTurn: () => undefined,
        failed: error => void this.told.push(`failed ${error.message}`),
        logger,
      },
      everyBytes,
    )
  }

  apply(from: number, to: number): void {
    for (let index = from; index <= to; index++) this.taker.applied(entryOf(index))
  }

  /** The disk is done, or failed; then there is a turn. */
  written(error: StorageError | null = null): void {
    const { position, got } = this.writing!
    this.writing = null
    const meta = { ...position, totalBytes: 5, hash: 9 }
    if (error === null) this.newest = meta
    got(error, error === null ? meta : null)
    this.taker.advance()
  }

  take(): string[] {
    return this.told.splice(0)
  }
}

void t.test('one is taken whenever so many bytes of records were applied: at the same entries on every server', t => {
  const rig = new Rig()
  rig.apply(1, 9)
  t.same(rig.take(), [])
  rig.apply(10, 10)
  t.same(rig.take(), ['take 10/2'])
  rig.written()
  t.same(rig.take(), ['taken 10'])
  rig.apply(11, 20)
  t.same(rig.take(), ['take 20/2'])
  t.ok(rig.taker.isTaking)
  t.end()
})

void t.test('one at a time: while it is written the next waits, and is then taken at once', t => {
  const rig = new Rig()
  rig.apply(1, 35)
  t.same(rig.take(), ['take 10/2'])
  rig.written()
  t.same(rig.take(), ['taken 10'])
  rig.apply(36, 36)
  t.same(rig.take(), ['take 36/2'])
  t.end()
})

void t.test('it counts only when the log is durable up to there', t => {
  const rig = new Rig()
  rig.persistedIndex = 9
  rig.apply(1, 10)
  rig.written()
  t.same(rig.take(), ['take 10/2'])
  rig.persistedIndex = 10
  rig.taker.advance()
  t.same(rig.take(), ['taken 10'])
  rig.taker.advance()
  t.same(rig.take(), [])
  t.end()
})

void t.test('without room on the disk it is tried again, but not at every entry', t => {
  const rig = new Rig()
  rig.apply(1, 10)
  rig.written(new StorageError('no-space', 'full'))
  t.match(rig.take(), ['take 10/2', /^warn there is no room/])
  rig.apply(11, 12)
  t.same(rig.take(), [])
  rig.apply(13, 13)
  t.same(rig.take(), ['take 13/2'])
  rig.written(new StorageError('io', 'broken'))
  t.same(rig.take(), ['failed broken'])
  t.end()
})

void t.test('one that is asked for is of what is applied by now; without anything new it is the newest', t => {
  const rig = new Rig()
  const answers: (number | null)[] = []
  const ask = (): void => rig.taker.ask(meta => answers.push(meta?.lastIncludedIndex ?? null))
  ask()
  t.same(answers, [null])
  rig.apply(1, 3)
  ask()
  ask()
  t.same(rig.take(), ['take 3/2'])
  rig.written()
  t.same(answers, [null, 3, 3])
  ask()
  t.same(answers, [null, 3, 3, 3])
  rig.apply(4, 4)
  ask()
  rig.written(new StorageError('no-space', 'full'))
  t.same(answers, [null, 3, 3, 3, null])
  t.end()
})

void t.test('what a snapshot of the leader has replaced counts no more', t => {
  const rig = new Rig()
  rig.apply(1, 9)
  rig.newest = { lastIncludedIndex: 40, lastIncludedTerm: 2, voters: [1, 2], totalBytes: 1, hash: 1 }
  rig.taker.restored()
  rig.apply(41, 49)
  t.same(rig.take(), [])
  rig.apply(50, 50)
  t.same(rig.take(), ['take 50/2'])
  t.end()
})

void t.test('none is taken of what a newer one covers that is not installed yet', t => {
  const rig = new Rig()
  rig.newest = { lastIncludedIndex: 40, lastIncludedTerm: 2, voters: [1, 2], totalBytes: 1, hash: 1 }
  rig.apply(1, 30)
  t.same(rig.take(), [])
  const answers: (number | null)[] = []
  rig.taker.ask(meta => answers.push(meta?.lastIncludedIndex ?? null))
  t.same(answers, [40])
  t.end()
})
