/**
 * What the kernel saw of running servers, in one order: the writes that came back and the messages that were about to leave,
 * decoded with the product's own codec. A call that causes another has ended before that one begins, across threads and
 * processes, and one strace of all of them keeps this order.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { readEnvelope } from '../../codec/envelope.js'
import type { TransportMessage } from '../../codec/messages.js'
import { decodeMessages } from '../../codec/messages.js'

/** Calls by which a server writes and sends, to be traced whole and in hexadecimal. */
export const tracer = ['strace', '-f', '-xx', '-s', '70000', '-e', 'trace=pwrite64,sendmsg,sendmmsg']

/** Of one server: bytes that are written, the write has come back; or a message that is about to leave. */
export type Happening =
  | { readonly server: number; readonly written: Uint8Array }
  | { readonly server: number; readonly sent: TransportMessage }

/** Which server a thread belongs to, by the thread's id. To be asked while the servers run. */
export function threadsOf(processes: ReadonlyMap<number, number>): Map<string, number> {
  const threads = new Map<string, number>()
  for (const [server, pid] of processes) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) threads.set(thread, server)
  }
  return threads
}

/** Reads what strace wrote. */
export function readTrace(file: string, threads: ReadonlyMap<string, number>): Happening[] {
  const happenings: Happening[] = []
  /** By thread: what it is writing. */
  const underWay = new Map<string, Uint8Array>()
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, thread = '', isResumed, call] = /^(\d+) +(<\.\.\. )?(\w+)/.exec(line) ?? []
    const server = threads.get(thread)
    if (server === undefined) continue
    if (call === 'pwrite64') {
      if (isResumed === undefined) underWay.set(thread, buffersOf(line)[0] ?? new Uint8Array(0))
      const written = underWay.get(thread)
      if (written !== undefined && Number(/ = (\d+)$/.exec(line)?.[1]) === written.length)
        happenings.push({ server, written })
    } else if (isResumed === undefined) {
      for (const datagram of buffersOf(line)) {
        for (const sent of messagesOf(datagram)) happenings.push({ server, sent })
      }
    }
  }
  return happenings
}

/** The strings of a line, as bytes; not those that strace cut short, nor the address. */
function buffersOf(line: string): Uint8Array[] {
  const buffers = line.matchAll(/(?:iov_base=|pwrite64\(\d+, )"((?:\\x[0-9a-f]{2})*)"(?!\.)/g)
  return Array.from(buffers, ([, hex = '']) => Uint8Array.from(Buffer.from(hex.replaceAll('\\x', ''), 'hex')))
}

function messagesOf(datagram: Uint8Array): TransportMessage[] {
  const envelope = readEnvelope(datagram)
  const messages = typeof envelope === 'string' ? null : decodeMessages(envelope, datagram)
  if (messages === null) throw new Error('a server sent what cannot be decoded')
  return messages
}
