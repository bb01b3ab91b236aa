import t from 'tap'
import { SnapshotInstaller } from '../../src/node/snapshot-installer.js'
import type { InstallSnapshot, SnapshotMeta } from '../../src/raft/types.js'
import type { InstallOutcome, Installed, SnapshotReceiver, WrotePiece } from '../../src/storage/snapshot-receiver.js'
import { StorageError } from '../../src/storage/storage-error.js'

const full = new StorageError('no-space', 'full')
const broken = new StorageError('io', 'broken')

function pieceOf(offset: number, lastIncludedIndex = 50): InstallSnapshot {
  const meta = { lastIncludedIndex, lastIncludedTerm: 3, voters: [1, 2, 3], totalBytes: 30, hash: 7 }
  return { type: 'InstallSnapshot', term: 4, from: 1, ...meta, offset, data: new Uint8Array(10) }
}

const noChunk = (chunk: Uint8Array): number => chunk.length

/** Files as far as the installer sees them: what it asks for is written down, and ends when the test says so. */
class Rig {
  readonly told: string[] = []
  newest: SnapshotMeta | null = null
  private asked: (() => void)[] = []
  beginError: StorageError | null = null
  /** What is there already of a snapshot that begins to come. */
  foundBytes = 0
  writeError: StorageError | null = null
  installError: StorageError | null = null
  outcome: InstallOutcome = 'installed'
  readError: StorageError | null = null
  readonly installer = new SnapshotInstaller({
    snapshots: {
      newest: null,
      receive: (meta: SnapshotMeta, got: (error: StorageError | null, receiver: SnapshotReceiver | null) => void) => {
        this.told.push(`receive ${meta.lastIncludedIndex}`)
        this.asked.push(() => got(this.beginError, this.beginError === null ? this.receiverOf(meta) : null))
      },
      readBody: (onChunk: (payload: Uint8Array) => void, done: (error: StorageError | null) => void) => {
        this.told.push('read')
        this.asked.push(() => {
          onChunk(new Uint8Array(2))
          done(this.readError)
        })
      },
    },
    held: (_meta, nextOffset, received) => void this.told.push(`held ${nextOffset} ${received}`),
    complete: meta => void this.told.push(`complete ${meta.lastIncludedIndex}`),
    resetLog: (meta, { currentTerm }, done) => {
      this.told.push(`reset to ${meta.lastIncludedIndex} in term ${currentTerm}`)
      this.asked.push(done)
    },
    restorer: () => ({
      push: () => void this.told.push('push'),
      end: () => void this.told.push('end'),
    }),
    installed: meta => void this.told.push(`installed ${meta.lastIncludedIndex}`),
    guard: step => step(),
    later: step => void this.asked.push(step),
    failed: error => void this.told.push(`failed ${error.message}`),
  })

  constructor() {
    const { snapshots } = this.installer['parts']
    Object.defineProperty(snapshots, 'newest', { get: () => this.newest })
  }

  private receiverOf(meta: SnapshotMeta): SnapshotReceiver {
    const receiver = {
      meta,
      nextOffset: this.foundBytes,
      receivedBits: 0,
      isOver: false,
      isInstalling: false,
      onChunk: noChunk,
      write: (offset: number, data: Uint8Array, done: WrotePiece) => {
        this.asked.push(() => {
          if (this.writeError === null && offset === receiver.nextOffset) {
            receiver.nextOffset += data.length
            receiver.onChunk(data)
          }
          done(this.writeError, this.writeError === null ? 'held' : 'refused')
        })
      },
      install: (done: Installed) => {
        this.told.push('name it')
        receiver.isInstalling = true
        this.asked.push(() => {
          receiver.isInstalling = false
          receiver.isOver = this.installError === null
          if (this.installError === null && this.outcome === 'installed') this.newest = meta
          done(this.installError, this.outcome)
        })
      },
    }
    return receiver as unknown as SnapshotReceiver
  }

  /** All that was asked for ends, in order; returns what was told since the last time. */
  end(): string[] {
    while (this.asked.length > 0) for (const step of this.asked.splice(0)) step()
    return this.told.splice(0)
  }
}

const meta = { currentTerm: 4, commitIndex: 9 }

void t.test('pieces are stored, the whole is named, and what the core then says is carried out in its order', t => {
  const rig = new Rig()
  rig.installer.take([pieceOf(0), pieceOf(10)])
  t.same(rig.end(), ['receive 50', 'push', 'held 10 0', 'push', 'held 20 0'])
  rig.installer.take([pieceOf(20)])
  t.same(rig.end(), ['push', 'held 30 0', 'name it', 'complete 50'])
  rig.installer.install({ meta: rig.newest!, resetsLog: true }, meta)
  t.same(rig.end(), ['reset to 50 in term 4', 'end', 'installed 50'])
  t.end()
})

void t.test('a log that holds the last entry is not reset', t => {
  const rig = new Rig()
  rig.newest = pieceOf(0)
  rig.installer.install({ meta: pieceOf(0), resetsLog: false }, meta)
  t.same(rig.end(), ['read', 'push', 'end', 'installed 50'])
  t.end()
})

void t.test('the state of one that is taken up again is read from its file', t => {
  const rig = new Rig()
  rig.foundBytes = 10
  rig.installer.take([pieceOf(10), pieceOf(20)])
  t.same(rig.end(), ['receive 50', 'held 20 0', 'held 30 0', 'name it', 'complete 50'])
  rig.installer.install({ meta: rig.newest!, resetsLog: false }, meta)
  t.same(rig.end(), ['read', 'push', 'end', 'installed 50'])
  t.end()
})

void t.test('a state that is not needed any more is not made on', t => {
  const rig = new Rig()
  rig.installer.take([pieceOf(0)])
  rig.installer.advance(49)
  t.same(rig.end(), ['receive 50', 'push', 'held 10 0'])
  rig.installer.advance(50)
  rig.installer.take([pieceOf(10)])
  t.same(rig.end(), ['held 20 0'])
  t.end()
})

void t.test('a newer one takes the place of the one that is being received, a late copy does not', t => {
  const rig = new Rig()
  rig.installer.take([pieceOf(0)])
  rig.end()
  rig.installer.take([pieceOf(0, 60), pieceOf(10, 60)])
  t.same(rig.end(), ['receive 60', 'push', 'held 10 0', 'push', 'held 20 0'])
  rig.newest = pieceOf(0, 70)
  rig.installer.take([pieceOf(0, 65)])
  t.same(rig.end(), [], 'what is here already is not received again')
  t.end()
})

void t.test('what is not the snapshot although all of it came is received anew', t => {
  const rig = new Rig()
  rig.outcome = 'damaged'
  rig.installer.take([pieceOf(0), pieceOf(10), pieceOf(20)])
  t.same(rig.end().slice(-2), ['name it', 'held 0 0'])
  rig.outcome = 'installed'
  rig.installer.take([pieceOf(0)])
  t.same(rig.end(), ['receive 50', 'push', 'held 10 0'])
  t.end()
})

void t.test('a full disk is as if pieces were lost, a broken one ends the server', t => {
  const rig = new Rig()
  rig.beginError = full
  rig.installer.take([pieceOf(0)])
  t.same(rig.end(), ['receive 50'])
  rig.beginError = null
  rig.writeError = full
  rig.installer.take([pieceOf(0)])
  t.same(rig.end(), ['receive 50'])
  rig.writeError = null
  rig.installError = full
  rig.installer.take([pieceOf(0), pieceOf(10), pieceOf(20)])
  t.same(rig.end().slice(-2), ['held 30 0', 'name it'])
  rig.installError = null
  rig.installer.take([pieceOf(20)])
  t.same(rig.end(), ['held 30 0', 'name it', 'complete 50'])
  for (const at of ['beginError', 'writeError', 'installError'] as const) {
    const other = new Rig()
    other[at] = broken
    other.installer.take([pieceOf(0), pieceOf(10), pieceOf(20)])
    t.equal(other.end().at(-1), 'failed broken', at)
  }
  const other = new Rig()
  other.newest = pieceOf(0)
  other.readError = broken
  other.installer.install({ meta: pieceOf(0), resetsLog: false }, meta)
  t.same(other.end(), ['read', 'push', 'failed broken'])
  t.end()
})

void t.test('while a file is made ready only so many pieces wait', t => {
  const rig = new Rig()
  rig.installer.take(Array.from({ length: 100 }, () => pieceOf(0)))
  t.equal(rig.end().filter(line => line.startsWith('held')).length, 65)
  t.end()
})
