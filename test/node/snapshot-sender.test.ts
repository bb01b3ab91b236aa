import t from 'tap'
import { SnapshotSender } from '../../src/node/snapshot-sender.js'
import type { InstallSnapshotReply, SnapshotMeta } from '../../src/raft/types.js'
import { snapshotPieceBytes } from '../../src/raft/types.js'
import type { HeldSnapshot } from '../../src/storage/held-snapshot.js'
import type { Link } from '../../src/transport/types.js'

const pieces = 160

function metaUpTo(lastIncludedIndex: number): SnapshotMeta {
  const totalBytes = pieces * snapshotPieceBytes - 100
  return { lastIncludedIndex, lastIncludedTerm: 3, voters: [1, 2, 3], totalBytes, hash: 1_000 + lastIncludedIndex }
}

/** A leader's side: what it sends is written down as numbers of pieces; a read ends when the test says so. */
class Rig {
  nowMs = 0
  newest: SnapshotMeta | null = metaUpTo(50)
  readonly sent: number[] = []
  readonly begun: string[] = []
  readonly released: number[] = []
  readonly unreadable: string[] = []
  isTaken = true
  readError: Error | null = null
  private reads: (() => void)[] = []
  /** What was read into, in order. */
  readonly targets: Uint8Array[] = []
  readonly link = { serverId: 2, availableBytes: 1, isAtWork: false, lastHeardAtMs: -Infinity }
  readonly sender = new SnapshotSender({
    newestIndex: () => this.newest?.lastIncludedIndex ?? 0,
    hold: () => this.hold(),
    begun: (to, meta) => void this.begun.push(`${to} ${meta.lastIncludedIndex}`),
    send: (_link, _meta, offset, data) => {
      const isLast = offset === (pieces - 1) * snapshotPieceBytes
      if (data.length !== (isLast ? snapshotPieceBytes - 100 : snapshotPieceBytes)) throw new Error('a piece is whole')
      if (this.isTaken) this.sent.push(offset / snapshotPieceBytes)
      return this.isTaken
    },
    now: () => this.nowMs,
    guard: step => step(),
    onRead: () => undefined,
    onUnreadable: error => void this.unreadable.push(error.message),
  })

  private hold(): HeldSnapshot | null {
    const meta = this.newest
    if (meta === null) return null
    return {
      meta,
      read: (
        _offset: number,
        bytes: number,
        got: (error: Error | null, data: Uint8Array) => void,
        target: Uint8Array,
      ) => {
        this.targets.push(target)
        this.reads.push(() => got(this.readError, target.subarray(0, bytes)))
      },
      release: () => void this.released.push(meta.lastIncludedIndex),
    } as unknown as HeldSnapshot
  }

  /** Turns until nothing more is read; returns what was sent since the last time. */
  turn(isNeeded = true): number[] {
    for (let round = 0; round < 50; round++) {
      this.sender.advance(isNeeded ? [this.link as unknown as Link] : [])
      const reads = this.reads
      this.reads = []
      for (const end of reads) end()
      if (reads.length === 0) break
    }
    return this.sent.splice(0)
  }

  reply(piecesHeld: number, received = 0, changes: Partial<InstallSnapshotReply> = {}): void {
    const { lastIncludedIndex, lastIncludedTerm, hash, totalBytes } = metaUpTo(50)
    const nextOffset = Math.min(piecesHeld * snapshotPieceBytes, totalBytes)
    const common = { type: 'InstallSnapshotReply', term: 3, from: 2, persisted: false } as const
    this.sender.received({
      ...common,
      lastIncludedIndex,
      lastIncludedTerm,
      hash,
      nextOffset,
      received,
      ...changes,
    })
  }
}

function fromTo(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}

void t.test('one piece asks, then a few at a time go, each once', t => {
  const rig = new Rig()
  t.same(rig.turn(), [0])
  t.same(rig.begun, ['2 50'])
  t.same(rig.turn(), [], 'nothing before the first word')
  rig.reply(1)
  t.same(rig.turn(), fromTo(1, 28))
  rig.reply(3, 0b1_0000)
  t.same(rig.turn(), [29, 30, 31], 'pieces 0 to 2 and 8 are there')
  rig.reply(12, 0x7fff_ffff)
  t.same(rig.turn(), [], 'pieces 13 to 43 are there, and the word covers no more')
  for (let held = 13; held <= pieces; held++) rig.reply(held)
  t.same(rig.turn(), [], 'all is there')
  t.same(rig.sender.status, [
    { to: 2, lastIncludedIndex: 50, heldBytes: metaUpTo(50).totalBytes, totalBytes: metaUpTo(50).totalBytes },
  ])
  rig.turn(false)
  t.ok(rig.sender.isIdle)
  t.same(rig.released, [50])
  t.end()
})

void t.test('S08: who has started again is sent the whole window at once, for what was on its way is gone', t => {
  const rig = new Rig()
  rig.turn()
  rig.reply(100)
  t.same(rig.turn(), fromTo(100, 127))
  rig.reply(0)
  t.same(rig.turn(), fromTo(0, 27))
  rig.reply(5)
  t.same(rig.turn(), fromTo(28, 32))
  rig.reply(3)
  t.same(rig.turn(), [], 'a late word has nothing sent twice')
  t.end()
})

void t.test('regression_a_word_that_names_no_place_of_a_piece_changes_nothing', t => {
  const rig = new Rig()
  rig.turn()
  for (const nextOffset of [1, snapshotPieceBytes - 1, 65_536, pieces * snapshotPieceBytes]) {
    rig.reply(0, 0, { nextOffset })
    t.same(rig.turn(), [], `${nextOffset}`)
  }
  rig.reply(1)
  t.same(rig.turn(), fromTo(1, 28))
  t.end()
})

void t.test('pieces are read into the same memory again when the peer has long held what was there', t => {
  const rig = new Rig()
  rig.turn()
  for (let held = 1; held <= pieces; held++) {
    rig.reply(held)
    rig.turn()
  }
  t.equal(rig.targets.length, pieces)
  t.equal(new Set(rig.targets).size, 128, 'four times what a peer may be behind')
  t.equal(rig.targets[128], rig.targets[0])
  t.end()
})

void t.test('S08: a receiver that holds most of it says so, and one that started again gets what it lacks', t => {
  const rig = new Rig()
  rig.turn()
  rig.reply(157)
  t.same(rig.turn(), [157, 158, 159])
  rig.reply(2)
  t.same(rig.turn(), fromTo(2, 29))
  t.end()
})

void t.test('after a silence one piece goes again, unless the transport is at work on it', t => {
  const rig = new Rig()
  rig.turn()
  rig.reply(1)
  rig.turn()
  rig.link.isAtWork = true
  rig.nowMs = 150
  t.same(rig.turn(), [])
  rig.link.isAtWork = false
  rig.nowMs = 300
  t.same(rig.turn(), [1])
  rig.nowMs = 450
  t.same(rig.turn(), [], 'then it is waited for twice as long')
  rig.nowMs = 510
  t.same(rig.turn(), [2])
  t.end()
})

void t.test('a peer that is heard of again gets a piece at once', t => {
  const rig = new Rig()
  rig.turn()
  for (const nowMs of [100, 300, 700, 1_500, 3_100]) {
    rig.nowMs = nowMs
    t.same(rig.turn(), [0])
  }
  rig.nowMs = 3_300
  t.same(rig.turn(), [])
  rig.link.lastHeardAtMs = 3_300
  t.same(rig.turn(), [0])
  t.end()
})

void t.test('regression_a_peer_that_came_back_was_sent_a_snapshot_from_before_it_went', t => {
  const rig = new Rig()
  rig.turn()
  rig.newest = metaUpTo(90)
  for (const nowMs of [100, 300, 700, 1_500, 3_100]) {
    rig.nowMs = nowMs
    rig.turn()
  }
  t.same(rig.begun, ['2 50'], 'a transfer goes on while a newer one is taken')
  rig.nowMs = 5_200
  t.same(rig.turn(), [0])
  t.same(rig.begun, ['2 50', '2 90'])
  t.same(rig.released, [50])
  t.end()
})

void t.test('replies for another snapshot, and from whoever is sent none, change nothing (K01)', t => {
  const rig = new Rig()
  rig.turn()
  rig.reply(5, 0, { hash: 7 })
  rig.reply(5, 0, { lastIncludedIndex: 49 })
  rig.reply(5, 0, { lastIncludedTerm: 2 })
  rig.reply(5, 0, { from: 3 })
  t.same(rig.turn(), [])
  t.match(rig.sender.status, [{ heldBytes: 0 }])
  t.end()
})

void t.test('who has it and needs one all the same is sent the newest', t => {
  const rig = new Rig()
  rig.turn()
  rig.newest = metaUpTo(90)
  rig.reply(pieces, 0, { persisted: true })
  t.same(rig.turn(), [0])
  t.same(rig.begun, ['2 50', '2 90'])
  t.end()
})

void t.test('nothing goes without a snapshot, or while the link has no room; what is not taken goes later', t => {
  const rig = new Rig()
  rig.newest = null
  t.same(rig.turn(), [])
  rig.newest = metaUpTo(50)
  rig.link.availableBytes = 0
  t.same(rig.turn(), [])
  rig.link.availableBytes = 1
  rig.isTaken = false
  rig.sender.advance([rig.link as unknown as Link])
  t.same(rig.turn(), [])
  rig.isTaken = true
  t.same(rig.turn(), [0])
  t.end()
})

void t.test('a snapshot that cannot be read is reported, and nothing of it goes', t => {
  const rig = new Rig()
  rig.readError = new Error('damaged at byte 5')
  rig.sender.advance([rig.link as unknown as Link])
  t.same(rig.turn(), [])
  t.match(rig.unreadable[0], 'damaged at byte 5')
  t.end()
})

void t.test('regression_a_peer_that_held_all_pieces_and_said_no_more_was_waited_for_for_ever', t => {
  const rig = new Rig()
  rig.turn()
  rig.reply(pieces)
  t.same(rig.turn(), [], 'it may be installing')
  rig.nowMs = 100
  t.same(rig.turn(), [pieces - 1], 'it is asked')
  rig.nowMs = 250
  t.same(rig.turn(), [])
  rig.nowMs = 300
  t.same(rig.turn(), [pieces - 1])
  rig.reply(pieces, 0, { persisted: true })
  t.equal(rig.sender.isIdle, true)
  t.end()
})
