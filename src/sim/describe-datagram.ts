/** A datagram in a few words for each of its messages, for people who read a trace. */
import { readEnvelope } from '../../codec/envelope.js'
import { decodeMessages, type TransportMessage } from '../../codec/messages.js'
import { decodeCommand, decodeQuery } from '../kv/commands.js'
import { unreachable } from '../base/assert.js'

/** One text per message; what is no datagram of ours says so. */
export function describeDatagram(bytes: Uint8Array): string[] {
  const envelope = readEnvelope(bytes)
  if (typeof envelope === 'string') return [`no datagram: ${envelope}`]
  const messages = decodeMessages(envelope, bytes)
  if (messages === null) return ['no datagram: malformed']
  if (messages.length === 0) return [`acknowledges ${envelope.ackedPacketNumber % 2 ** 32}`]
  return messages.map(describeMessage)
}

/** One message. */
export function describeMessage(message: TransportMessage): string {
  switch (message.type) {
    case 'RequestVote': {
      const kind = message.preVote ? 'PreVote' : 'RequestVote'
      const why = message.leadershipTransfer ? ' (handed over)' : ''
      return `${kind} t${message.campaignTerm} last ${message.lastLogIndex}/${message.lastLogTerm}${why}`
    }
    case 'RequestVoteReply': {
      const kind = message.preVote ? 'PreVoteReply' : 'RequestVoteReply'
      return `${kind} t${message.campaignTerm} ${message.granted ? 'granted' : `refused, term ${message.term}`}`
    }
    case 'AppendEntries': {
      const { term, prevLogIndex, prevLogTerm, entries, leaderCommit, readRound } = message
      const what = entries.length === 0 ? 'heartbeat' : `+${entries.length}`
      const read = readRound === 0 ? '' : ` read ${readRound}`
      return `AppendEntries t${term} prev ${prevLogIndex}/${prevLogTerm} ${what} commit ${leaderCommit}${read}`
    }
    case 'AppendEntriesReply': {
      const { term, prevLogIndex, matchIndex, conflictIndex, conflictTerm } = message
      if (!message.rejected) return `AppendEntriesReply t${term} match ${matchIndex} of ${prevLogIndex}`
      return `AppendEntriesReply t${term} rejects ${prevLogIndex}, try ${conflictIndex}/${conflictTerm}`
    }
    case 'InstallSnapshot': {
      const { term, lastIncludedIndex, lastIncludedTerm, offset, data, totalBytes } = message
      const end = offset + data.length
      return `InstallSnapshot t${term} of ${lastIncludedIndex}/${lastIncludedTerm} bytes ${offset}..${end} of ${totalBytes}`
    }
    case 'InstallSnapshotReply': {
      const { term, lastIncludedIndex, lastIncludedTerm, nextOffset, persisted } = message
      const state = persisted ? 'persisted' : `up to ${nextOffset}`
      return `InstallSnapshotReply t${term} of ${lastIncludedIndex}/${lastIncludedTerm} ${state}`
    }
    case 'TimeoutNow':
      return `TimeoutNow t${message.term}`
    case 'Hello':
      return 'Hello'
    case 'OpenSession':
      return 'OpenSession'
    case 'Write':
      return `Write ${message.sessionId}#${message.sequence} ${commandIn(message.command)}`
    case 'Read':
      return `Read ${queryIn(message.query)}${message.stale ? ' (stale allowed)' : ''}`
    case 'StatusRequest':
      return 'StatusRequest'
    case 'SnapshotRequest':
      return `SnapshotRequest ${message.act}`
    case 'Welcome':
      return `Welcome, leader ${message.leaderId === 0 ? 'unknown' : `s${message.leaderId}`}`
    case 'Unwelcome':
      return 'Unwelcome'
    case 'Answer': {
      const to = message.to === 'write' ? `write ${message.sessionId}#${message.requestId}` : message.to
      return `Answer to ${to}: ${message.code}`
    }
    case 'Fragment': {
      const { messageId, count, index, bytes } = message
      return `Fragment ${index + 1} of ${count} of message ${messageId % 2 ** 32}, ${bytes.length} bytes`
    }
    case 'Padding':
      return `Padding, ${message.bytes} bytes`
    default:
      return unreachable(message)
  }
}

function commandIn(bytes: Uint8Array): string {
  const command = decodeCommand(bytes)
  if (command === null) return '(no command of the store)'
  const key = Buffer.from(command.key).toString('latin1')
  return command.op === 'delete' ? `delete ${key}` : `${command.op} ${key} ${headOf(command.value.bytes)}`
}

function queryIn(bytes: Uint8Array): string {
  const query = decodeQuery(bytes)
  return query?.op === 'get' ? `get ${Buffer.from(query.key).toString('latin1')}` : 'scan'
}

/** Values of a simulated load are made longer with dots. */
function headOf(value: Uint8Array): string {
  return Buffer.from(value).toString('latin1').split('.', 1)[0]!.slice(0, 24)
}
