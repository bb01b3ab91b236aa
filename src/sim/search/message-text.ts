/** Messages in short, as they stand in replayable actions, and in words. The short text holds every field. */
import type { Message, OutgoingMessage } from '../../raft/types.js'
import { entryText } from './records.js'

/** `1>2:V1@1,0.0`: from, to, the kind, and the fields. No spaces. */
export function messageText({ to, message }: OutgoingMessage): string {
  return `${message.from}>${to}:${fieldsText(message)}`
}

function fieldsText(message: Message): string {
  switch (message.type) {
    case 'RequestVote': {
      const { preVote, campaignTerm, term, lastLogIndex, lastLogTerm, leadershipTransfer, voterIncarnation } = message
      const kind = preVote ? 'P' : 'V'
      const marks = `${leadershipTransfer ? '!' : ''}${voterIncarnation > 0 ? `~${voterIncarnation}` : ''}`
      return `${kind}${campaignTerm}@${term},${lastLogIndex}.${lastLogTerm}${marks}`
    }
    case 'RequestVoteReply': {
      const { preVote, campaignTerm, term, granted } = message
      return `${preVote ? 'p' : 'v'}${campaignTerm}@${term}${granted ? '+' : '-'}`
    }
    case 'AppendEntries': {
      const { term, prevLogIndex, prevLogTerm, leaderCommit, readRound, matchIndex, incarnation, entries } = message
      const place = `${prevLogIndex}.${prevLogTerm}`
      const known = `m${matchIndex}${incarnation > 1 ? `~${incarnation}` : ''}`
      return `A${term},${place},c${leaderCommit},r${readRound}[${entries.map(entryText).join(',')}]${known}`
    }
    case 'AppendEntriesReply': {
      const { term, prevLogIndex, matchIndex, rejected, conflictIndex, conflictTerm, readRound } = message
      const places = `${prevLogIndex},m${matchIndex},${conflictIndex}.${conflictTerm}`
      return `${rejected ? 'j' : 'a'}${term},${places},r${readRound}`
    }
    case 'InstallSnapshot': {
      const { term, lastIncludedIndex, lastIncludedTerm, voters, totalBytes, hash, offset, data } = message
      const meta = `${lastIncludedIndex}.${lastIncludedTerm},${voters.join('.')},${totalBytes},${hash}`
      return `I${term},${meta},${offset}[${data.join('-')}]`
    }
    case 'InstallSnapshotReply': {
      const { term, lastIncludedIndex, lastIncludedTerm, hash, nextOffset, received, persisted } = message
      const held = `${nextOffset},${received}${persisted ? '+' : '-'}`
      return `i${term},${lastIncludedIndex}.${lastIncludedTerm},${hash},${held}`
    }
    case 'TimeoutNow':
      return `T${message.term}`
  }
}

/** The message as a sentence would name it. */
export function messageWords({ message }: OutgoingMessage): string {
  switch (message.type) {
    case 'RequestVote': {
      const { preVote, campaignTerm, lastLogIndex, lastLogTerm } = message
      return `${preVote ? 'pre-vote request' : 'RequestVote'} for term ${campaignTerm}, log ends (${lastLogIndex}, term ${lastLogTerm})`
    }
    case 'RequestVoteReply': {
      const { preVote, campaignTerm, granted } = message
      return `${preVote ? 'pre-vote' : 'vote'} ${granted ? 'granted' : 'refused'} for term ${campaignTerm}`
    }
    case 'AppendEntries': {
      const { term, prevLogIndex, prevLogTerm, leaderCommit, readRound, entries } = message
      const carried =
        entries.length === 0 ? 'empty' : `entry ${entries.map(e => `(${e.index}, term ${e.term})`).join(', ')}`
      const round = readRound === 0 ? '' : `, read round ${readRound}`
      return `AppendEntries of term ${term}: ${carried} after (${prevLogIndex}, term ${prevLogTerm}), leaderCommit ${leaderCommit}${round}`
    }
    case 'AppendEntriesReply': {
      const { term, prevLogIndex, matchIndex, rejected, conflictIndex, readRound } = message
      const round = readRound === 0 ? '' : `, read round ${readRound}`
      if (rejected) return `rejection in term ${term} at ${prevLogIndex}, try ${conflictIndex}${round}`
      return `acceptance in term ${term} up to ${prevLogIndex}, matchIndex ${matchIndex}${round}`
    }
    case 'InstallSnapshot': {
      const { term, lastIncludedIndex, lastIncludedTerm } = message
      return `InstallSnapshot of term ${term}: up to (${lastIncludedIndex}, term ${lastIncludedTerm})`
    }
    case 'InstallSnapshotReply': {
      const { term, lastIncludedIndex, persisted, nextOffset } = message
      const state = persisted ? 'durable' : `${nextOffset} bytes held`
      return `answer in term ${term} to the snapshot up to ${lastIncludedIndex}: ${state}`
    }
    case 'TimeoutNow':
      return `TimeoutNow of term ${message.term}`
  }
}

/** How recent it is, for the choice of what a full link loses: first by term, then by place in the log. */
export function messageRank({ message }: OutgoingMessage): number {
  const { type, term } = message
  if (type === 'AppendEntries') return term * 64 + message.prevLogIndex + message.entries.length
  if (type === 'InstallSnapshot' || type === 'InstallSnapshotReply') return term * 64 + message.lastIncludedIndex
  if (type === 'AppendEntriesReply') return term * 64 + message.prevLogIndex
  return term * 64
}
