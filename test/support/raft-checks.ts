/**
 * What must hold of a whole cluster of `Raft` cores (Figure 3 of the paper), watched while a simulation runs. Each check
 * looks only at what is new, so that it can be made after every event.
 */
import { assert } from '../../src/base/assert.js'
import type { Server } from '../../src/raft/server.js'
import type { Entry, HardState, LogIndex, OutgoingMessage, ServerId, Term } from '../../src/raft/types.js'

/** What a simulated disk holds. */
export interface RaftDisk {
  hardState: HardState
  entries: Entry[]
}

export class RaftChecks {
  /** The committed entries, entry i at place i - 1: what any server ever handed out as committed. */
  readonly committed: Entry[] = []
  /** Places up to here were acknowledged to a client by the leader that proposed them. */
  acknowledgedIndex: LogIndex = 0
  /** The term in which each of them was first seen to be committed. */
  private readonly committedTerms: Term[] = []
  private readonly leaders = new Map<Term, ServerId>()
  /** By index and term: the one entry of that name, and the term of the one that it follows. */
  private readonly entries = new Map<string, { readonly entry: Entry; readonly termBefore: Term }>()

  /** Entries that were there when the simulation began. */
  begin(entries: readonly Entry[]): void {
    let termBefore = 0
    for (const entry of entries) {
      this.logMatching(entry, termBefore)
      termBefore = entry.term
    }
  }

  /** To be called after every change of a server. */
  afterFact(server: Server): void {
    if (server.role.name !== 'leader') return
    const { currentTerm, id, log } = server
    const known = this.leaders.get(currentTerm)
    assert(
      known === undefined || known === id,
      `Election Safety: ${known ?? 0} and ${id} both lead term ${currentTerm}`,
    )
    if (known !== undefined) return
    this.leaders.set(currentTerm, id)
    for (const [place, entry] of this.committed.entries()) {
      if (this.committedTerms[place]! >= currentTerm) break
      assert(
        log.termAt(entry.index) === entry.term,
        `Leader Completeness: S${id}, elected in term ${currentTerm}, holds the committed entry ${entry.index}`,
      )
    }
  }

  /** `entries` are on their way to the disk of a server, as every new entry is once; none leaves it before. */
  appended(server: Server, entries: readonly Entry[]): void {
    for (const entry of entries) {
      // While the hard state was being saved, a later leader may have replaced it already.
      if (server.log.termAt(entry.index) === entry.term) {
        this.logMatching(entry, server.log.termAt(entry.index - 1) ?? 0)
      }
    }
  }

  /** A server applies `entry`. */
  applied(server: Server, entry: Entry): void {
    const known = this.committed[entry.index - 1]
    if (known === undefined) {
      assert(entry.index === this.committed.length + 1, `entry ${entry.index} is committed without a gap`)
      this.committed.push(entry)
      this.committedTerms.push(server.currentTerm)
    } else {
      assert(
        known.term === entry.term && known.payload === entry.payload,
        `State Machine Safety: S${server.id} applies another entry ${entry.index} (term ${entry.term}, not ${known.term})`,
      )
    }
    if (server.role.name === 'leader' && server.role.term === entry.term) {
      this.acknowledgedIndex = Math.max(this.acknowledgedIndex, entry.index)
    }
  }

  /** What a message promises is on the disk of its sender, when it is derived or (the hard state) when it leaves. */
  leaves(outgoing: OutgoingMessage, disk: RaftDisk): void {
    const { to, message } = outgoing
    assert(message.term <= disk.hardState.currentTerm, `the term of a message is durable: ${message.type}`)
    if (message.type === 'RequestVoteReply' && message.granted && !message.preVote) {
      assert(disk.hardState.currentTerm === message.campaignTerm, 'a vote is durable in its term')
      assert(disk.hardState.votedFor === to, 'a vote is durable before the reply leaves')
    }
    if (message.type === 'RequestVote' && !message.preVote) {
      assert(disk.hardState.votedFor === message.from, 'a candidate has its own vote on disk')
    }
  }

  /** What a reply acknowledges is in the log and on the disk of its sender. */
  derived(server: Server, messages: readonly OutgoingMessage[], disk: RaftDisk): void {
    for (const { message } of messages) {
      if (message.type !== 'AppendEntriesReply') continue
      for (let index = disk.entries.length; index < message.matchIndex; index++) {
        assert(false, `what S${server.id} acknowledges is on its disk: ${message.matchIndex}, not ${index}`)
      }
      const last = disk.entries[message.matchIndex - 1]
      assert(last === undefined || last.term === server.log.termAt(last.index), 'the disk holds what is acknowledged')
    }
  }

  private logMatching(entry: Entry, termBefore: Term): void {
    const name = `${entry.index}/${entry.term}`
    const known = this.entries.get(name)
    if (known === undefined) {
      this.entries.set(name, { entry, termBefore })
      return
    }
    assert(known.entry.payload === entry.payload, `Log Matching: two entries (index/term ${name})`)
    assert(known.termBefore === termBefore, `Log Matching: what comes before entry ${name} is equal`)
  }
}
