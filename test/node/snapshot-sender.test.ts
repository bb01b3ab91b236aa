/** A leader's part in a transfer: which pieces leave, and what goes again when nothing is heard. */
import t from 'tap'
import { SnapshotSender } from '../../src/node/snapshot-sender.js'
import type { InstallSnapshotReply, SnapshotMeta } from '../../src/raft/types.js'
import { snapshotPieceBytes } from '../../src/raft/types.js'
import type { HeldSnapshot } from '../../src/storage/held-snapshot.js'
import type { Link } from '../../src/transport/types.js'

const pieces = 3
const meta: SnapshotMeta = {
  lastIncludedIndex: 9,
  lastIncludedTerm: 4,
  voters: [1, 2, 3],
  totalBytes: (pieces - 1) * snapshotPieceBytes + 7,
  hash: 99,
}

/** A sender with one peer, server 2; reads are done at once. */
class Rig {
  nowMs = 0
  readonly link = { serverId: 2, availableBytes: 1_000_000, isAtWork: false } as Link & { isAtWork: boolean }
  readonly sender: SnapshotSender
  private sent: number[] = []

  constructor() {
    const held = {
      meta,
      read: (_offset: number, length: number, got: (error: null, data: Uint8Array) => void) =>
        got(null, new Uint8Array(length)),
      release: () => undefined,
    }
    this.sender = new SnapshotSender({
      hold: () => held as unknown as HeldSnapshot,
      begun: () => undefined,
      send: (_link, _meta, offset, data) => {
        this.sent.push(offset / snapshotPieceBytes)
        if (data.length !== Math.min(snapshotPieceBytes, meta.totalBytes - offset)) throw new Error('a whole piece')
        return true
      },
      now: () => this.nowMs,
      guard: step => step(),
      onRead: () => undefined,
      onUnreadable: error => {
        throw error
      },
    })
  }

  /** Numbers of the pieces that leave in a turn at this time, and when the next turn is due. */
  turn(nowMs: number): { sent: number[]; wakeAtMs: number } {
    this.nowMs = nowMs
    const wakeAtMs = this.sender.advance([this.link])
    return { sent: this.sent.splice(0), wakeAtMs }
  }

  reply(heldPieces: number, some: Partial<InstallSnapshotReply> = {}): void {
    const { lastIncludedIndex, lastIncludedTerm, hash, totalBytes } = meta
    const nextOffset = Math.min(totalBytes, heldPieces * snapshotPieceBytes)
    const fields = { lastIncludedIndex, lastIncludedTerm, hash, nextOffset, received: 0, persisted: false }
    this.sender.received({ type: 'InstallSnapshotReply', term: 4, from: 2, ...fields, ...some })
  }
}

void t.test('one piece asks, then the others go', t => {
  const rig = new Rig()
  t.same(rig.turn(0), { sent: [0], wakeAtMs: 100 })
  t.same(rig.turn(1).sent, [])
  rig.reply(1)
  t.same(rig.turn(2).sent, [1, 2])
  t.end()
})

void t.test('R13: after a silence the oldest piece goes again, alone, and later each time', t => {
  const rig = new Rig()
  rig.turn(0)
  rig.reply(1)
  rig.turn(0)
  t.same(rig.turn(99).sent, [])
  t.same(rig.turn(100).sent, [1])
  t.same(rig.turn(299).sent, [])
  t.same(rig.turn(300).sent, [2])
  rig.link.isAtWork = true
  t.same(rig.turn(5_000).sent, [], 'what the transport repairs is only late')
  t.end()
})

void t.test('S08: a receiver that started again and holds less is sent what it lacks', t => {
  const rig = new Rig()
  rig.turn(0)
  rig.reply(2)
  t.same(rig.turn(1).sent, [2])
  rig.reply(0)
  t.same(rig.turn(2).sent, [0, 1], 'the last one is on its way still')
  t.end()
})

void t.test('regression_a_peer_that_held_all_pieces_and_said_no_more_was_waited_for_for_ever', t => {
  const rig = new Rig()
  rig.turn(0)
  rig.reply(pieces)
  t.same(rig.turn(1), { sent: [], wakeAtMs: 100 }, 'it may be installing')
  t.same(rig.turn(100).sent, [pieces - 1], 'it is asked')
  t.same(rig.turn(250).sent, [])
  t.same(rig.turn(300).sent, [pieces - 1])
  rig.reply(pieces, { persisted: true })
  t.equal(rig.sender.isIdle, true)
  t.end()
})
