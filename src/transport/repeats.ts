/**
 * Which messages are worth a second datagram. Whoever said something derives it from its state and says it again by itself,
 * if late; so what is repeated here is what nothing newer has replaced, and what is only a sign of life asks for no
 * acknowledgement at all.
 */
import type { TransportMessage } from '../../codec/messages.js'
import type { AppendEntries, AppendEntriesReply, InstallSnapshotReply } from '../raft/types.js'
import type { Waiting } from './outbox.js'

/** What was said last on one link, of the messages whose newest word replaces the earlier ones. */
export class LastSaid {
  private append: AppendEntries | null = null
  private reply: AppendEntriesReply | null = null
  private snapshotReply: InstallSnapshotReply | null = null
  private vote: TransportMessage | null = null
  private voteReply: TransportMessage | null = null

  /**
   * A message goes out, for the first time or again. Returns whether the other side is to acknowledge it: not where it says
   * what the one before it said, like a heartbeat without news.
   */
  asksForAcknowledgement(message: TransportMessage): boolean {
    if (message.type === 'AppendEntries') {
      const before = this.append
      this.append = message
      return message.entries.length > 0 || before === null || !saysTheSame(before, message)
    }
    if (message.type === 'AppendEntriesReply') {
      const before = this.reply
      this.reply = message
      return before === null || !repliesTheSame(before, message)
    }
    if (message.type === 'InstallSnapshotReply') this.snapshotReply = message
    if (message.type === 'RequestVote') this.vote = message
    if (message.type === 'RequestVoteReply') this.voteReply = message
    return true
  }

  /** Whether a message that was lost still tells something that nothing sent since has told. */
  stillMatters({ message, parted }: Waiting): boolean {
    if (message.type === 'AppendEntries') {
      return message.entries.length > 0 ? this.append?.term === message.term : this.append === message
    }
    if (message.type === 'AppendEntriesReply') return this.reply === message
    if (message.type === 'InstallSnapshotReply') return this.snapshotReply === message
    if (message.type === 'RequestVote') return this.vote === message
    if (message.type === 'RequestVoteReply') return this.voteReply === message
    if (message.type === 'Fragment') return parted?.isAbandoned !== true
    // A leadership is handed over now or not at all: its sender asks again as long as it wants to. And a lost probe of the
    // path has told what it was sent to find out.
    return message.type !== 'TimeoutNow' && message.type !== 'Padding'
  }
}

function saysTheSame(before: AppendEntries, now: AppendEntries): boolean {
  return (
    before.term === now.term &&
    before.readRound === now.readRound &&
    before.leaderCommit === now.leaderCommit &&
    before.prevLogIndex + before.entries.length === now.prevLogIndex
  )
}

function repliesTheSame(before: AppendEntriesReply, now: AppendEntriesReply): boolean {
  return (
    before.term === now.term &&
    before.readRound === now.readRound &&
    before.matchIndex === now.matchIndex &&
    before.prevLogIndex === now.prevLogIndex &&
    !now.rejected
  )
}
