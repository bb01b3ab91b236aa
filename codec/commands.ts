/**
 * The payload of an entry of kind 'commands': what the clients of one turn asked for, in one entry.
 *
 *      0       1        4
 *      +-------+--------+-- ... -----+-- ... -----+
 *      | form  | count  | command 1  | command 2  |  ...
 *      | u8 =1 |  u24   |            |            |
 *      +-------+--------+-- ... -----+-- ... -----+
 *
 *     1 open      0                                                    {kind u8, length u24 of what follows these four}
 *     2 execute   24 + n, sessionId sequence answeredUpTo command(n)
 *
 * The bytes stand in the logs of all servers, and every server must make the same of them: there is one form of each
 * batch, and what does not parse to its last byte is no batch. Ids take 8 bytes (cursor.ts). Whether numbers make sense
 * in their session is judged by src/session, alike on every server; the codec refuses only what has no value.
 */
import { assert } from '../src/base/assert.js'
import { getUint32, getUint53 } from '../src/base/byte-string.js'
import type { LogIndex, Term } from '../src/raft/types.js'
import type { ExecuteCommand, SessionCommand } from '../src/session/types.js'
import { idBytes, writeId } from './cursor.js'
import { entryHeaderBytes, recordMemory, sealRecord, type LogEntry } from './entry.js'
import { bodyBytesMax, headLength, headType, messageHeadBytes, writeHead } from './message-head.js'

const formCode = 1
const openCode = 1
const executeCode = 2

const executeBytes = 3 * idBytes

/** Bytes of a payload before its first command. */
export const commandsOverheadBytes = messageHeadBytes

/** Bytes that an `execute` takes in a payload beside its own command. */
export const commandHeaderBytes = messageHeadBytes + executeBytes

/** Bytes that `command` takes in a payload. */
export function commandBytes(command: SessionCommand): number {
  return command.kind === 'open' ? messageHeadBytes : commandHeaderBytes + command.command.length
}

/** The entry (index, term) with these commands, in their order: their bytes go straight into its record. */
export function commandsEntry(commands: readonly SessionCommand[], index: LogIndex, term: Term): LogEntry {
  assert(commands.length <= bodyBytesMax, 'the number of commands fits 24 bits')
  let recordBytes = entryHeaderBytes + commandsOverheadBytes
  for (const command of commands) recordBytes += commandBytes(command)
  const at = recordMemory.reserve(recordBytes)
  const { bytes, view } = recordMemory
  let offset = writeHead(view, at + entryHeaderBytes, formCode, commands.length)
  for (const command of commands) {
    offset =
      command.kind === 'open' ? writeHead(view, offset, openCode, 0) : encodeExecute(command, bytes, view, offset)
  }
  return sealRecord(bytes, view, at, recordBytes, { index, term, kind: 'commands' })
}

function encodeExecute(execute: ExecuteCommand, bytes: Uint8Array, view: DataView, offset: number): number {
  const { command } = execute
  const at = writeHead(view, offset, executeCode, executeBytes + command.length)
  writeId(view, at, execute.sessionId)
  writeId(view, at + 8, execute.sequence)
  writeId(view, at + 16, execute.answeredUpTo)
  bytes.set(command, at + executeBytes)
  return at + executeBytes + command.length
}

/** The commands of a payload, or null if it is none. Their bytes are subarrays of `payload`, only lent. */
export function decodeCommands(payload: Uint8Array): SessionCommand[] | null {
  if (payload.length < commandsOverheadBytes) return null
  // Single bytes: a view for every entry of a log would cost more than all that is read through it.
  const overhead = getUint32(payload, 0)
  const commands: SessionCommand[] = []
  for (let offset = commandsOverheadBytes; offset < payload.length;) {
    const at = offset + messageHeadBytes
    if (at > payload.length) return null
    const head = getUint32(payload, offset)
    const end = at + headLength(head)
    if (end > payload.length) return null
    const command = decodeCommand(headType(head), payload, at, end)
    if (command === null) return null
    commands.push(command)
    offset = end
  }
  // The count is only compared, never believed: nothing is allocated for it.
  return headType(overhead) === formCode && headLength(overhead) === commands.length ? commands : null
}

function decodeCommand(code: number, payload: Uint8Array, at: number, end: number): SessionCommand | null {
  if (code === openCode) return at === end ? { kind: 'open' } : null
  if (code !== executeCode || end - at < executeBytes) return null
  const sessionId = getUint53(payload, at)
  const sequence = getUint53(payload, at + 8)
  const answeredUpTo = getUint53(payload, at + 16)
  if (sessionId < 0 || sequence < 0 || answeredUpTo < 0) return null
  return { kind: 'execute', sessionId, sequence, answeredUpTo, command: payload.subarray(at + executeBytes, end) }
}
