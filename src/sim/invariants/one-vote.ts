/**
 * "Each server will vote for at most one candidate in a given term" (section 5.2), also across crashes: told from the
 * messages that leave, which is when a vote begins to count. Term and vote are on disk before that (Figure 2).
 */
import type { HardState, Message, ServerId } from '../../raft/types.js'
import { violated } from './violation.js'

export class OneVote {
  /** By voter and term: the candidate. */
  private readonly votes = new Map<string, ServerId>()
  /** Of these the voter has lost its disk since. */
  private readonly forgotten = new Set<string>()

  /** A message leaves a server whose disk holds `durable`, null where that is not known (a disk that lies). */
  sent(to: ServerId, message: Message, durable: HardState | null): void {
    if (durable !== null && message.term > durable.currentTerm) {
      violated(
        'Promises Are Durable',
        `server ${message.from} sends a ${message.type} of term ${message.term}, its disk has ${durable.currentTerm}`,
      )
    }
    const candidate = candidateOf(to, message)
    if (candidate === 0 || message.type === 'AppendEntries') return
    const term = 'campaignTerm' in message ? message.campaignTerm : message.term
    this.vote(message.from, term, candidate)
    if (durable === null || term < durable.currentTerm) return
    if (durable.currentTerm !== term || durable.votedFor !== candidate) {
      violated(
        'Promises Are Durable',
        `server ${message.from} gives its vote of term ${term} to ${candidate}, its disk has ` +
          `term ${durable.currentTerm} and ${durable.votedFor}`,
      )
    }
  }

  /** Whom a server has promised its vote of a term and remembers it, 0 for nobody. */
  of(from: ServerId, term: number): ServerId {
    const key = `${from}:${term}`
    return this.forgotten.has(key) ? 0 : (this.votes.get(key) ?? 0)
  }

  /** The disk of a server is lost. It cannot know of its votes any more, and still must not vote otherwise. */
  forget(from: ServerId): void {
    for (const key of this.votes.keys()) if (key.startsWith(`${from}:`)) this.forgotten.add(key)
  }

  private vote(from: ServerId, term: number, candidate: ServerId): void {
    const key = `${from}:${term}`
    const known = this.votes.get(key)
    if (known === undefined) this.votes.set(key, candidate)
    else if (known !== candidate) {
      violated('One Vote Per Term', `server ${from} votes in term ${term} for ${candidate} and for ${known}`)
    }
  }
}

/** Whom a message promises a vote, 0 for nobody. */
function candidateOf(to: ServerId, message: Message): ServerId {
  if (message.type === 'RequestVote' && !message.preVote) return message.from
  return message.type === 'RequestVoteReply' && message.granted && !message.preVote ? to : 0
}
