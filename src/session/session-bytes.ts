/**
 * The bytes of counters and sessions in a snapshot. Records are never split between frames; results follow the session
 * that they belong to, by ascending sequence number. Sessions come in the order of their ids.
 *
 *              0            1
 *   header   | version 1  | revision 8 | lastSessionId 8 | stateHash 8 |
 *   session  | tag 1      | id 8 | answeredUpTo 8 | usedAt 8 |                   25
 *   result   | tag 2      | sequence 8 | checksum 8 | length 2 | bytes |         19
 */
import { assert } from '../base/assert.js'
import { getUint16, getUint53, putBytes, putUint16, putUint53 } from '../base/byte-string.js'
import { Session } from './session.js'

const version = 1
const headerBytes = 25

const tagSession = 1
const tagResult = 2
const sessionBytes = 25
const resultHeaderBytes = 19

/** Sessions are encoded in pieces of at most this size, so that two of them fit any chunk. */
export const pieceBytesMax = 32_000

/** Results larger than this would not fit a piece. */
export const storableResultBytesMax = 16_384

/** The replicated counters at the moment of the snapshot, and the hash that the whole state must have again. */
export interface Counters {
  readonly revision: number
  readonly lastSessionId: number
  readonly stateHash: number
}

export function encodeCounters(counters: Counters): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  bytes[0] = version
  putUint53(bytes, 1, counters.revision)
  putUint53(bytes, 9, counters.lastSessionId)
  putUint53(bytes, 17, counters.stateHash)
  return bytes
}

export function decodeCounters(bytes: Uint8Array): Counters {
  assert(bytes.length === headerBytes && bytes[0] === version, 'the snapshot has a header of version 1')
  return {
    revision: getChecked(bytes, 1),
    lastSessionId: getChecked(bytes, 9),
    stateHash: getChecked(bytes, 17),
  }
}

/** The session's records, in pieces of whole records. */
export function encodeSession(session: Session): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let piece = new Uint8Array(Math.min(pieceBytesMax, sessionBytes + session.storedBytes))
  piece[0] = tagSession
  putUint53(piece, 1, session.id)
  putUint53(piece, 9, session.answeredUpTo)
  putUint53(piece, 17, session.usedAt)
  let at = sessionBytes
  for (const sequence of session.results.sequences()) {
    const place = session.results.find(sequence)
    const result = session.results.resultAt(place)
    if (at + resultHeaderBytes + result.length > piece.length) {
      pieces.push(piece.subarray(0, at))
      piece = new Uint8Array(pieceBytesMax)
      at = 0
    }
    piece[at] = tagResult
    putUint53(piece, at + 1, sequence)
    putUint53(piece, at + 9, session.results.checksumAt(place))
    putUint16(piece, at + 17, result.length)
    at = putBytes(piece, at + resultHeaderBytes, result)
  }
  pieces.push(piece.subarray(0, at))
  return pieces
}

/** Makes sessions out of the payloads of frames, which must come in their order. Throws on bytes that are none. */
export class SessionsDecoder {
  /** By id, ascending. */
  readonly sessions = new Map<number, Session>()
  #whole: Session[] = []
  #session: Session | null = null
  /** Of the result that was read last. */
  #sequence = 0

  decode(payload: Uint8Array): void {
    for (let at = 0; at < payload.length;) {
      if (payload[at] === tagSession) at = this.#decodeSession(payload, at)
      else at = this.#decodeResult(payload, at)
    }
  }

  /** The sessions whose last result was read since this was asked before: all but the last one, until `end`. */
  takeWhole(): Session[] {
    const whole = this.#whole
    this.#whole = []
    return whole
  }

  /** No payload follows. */
  end(): void {
    if (this.#session !== null) this.#whole.push(this.#session)
    this.#session = null
  }

  #decodeSession(payload: Uint8Array, at: number): number {
    assert(at + sessionBytes <= payload.length, 'a session is whole')
    const session = new Session(getChecked(payload, at + 1), getChecked(payload, at + 17))
    assert(session.id > (this.#session?.id ?? 0), 'session ids ascend')
    session.forgetUpTo(getChecked(payload, at + 9))
    this.#sequence = session.answeredUpTo
    this.sessions.set(session.id, session)
    if (this.#session !== null) this.#whole.push(this.#session)
    this.#session = session
    return at + sessionBytes
  }

  #decodeResult(payload: Uint8Array, at: number): number {
    const resultAt = at + resultHeaderBytes
    assert(payload[at] === tagResult && resultAt <= payload.length, 'a result is whole')
    const end = resultAt + getUint16(payload, at + 17)
    assert(this.#session !== null && end <= payload.length, 'a result is whole and belongs to a session')
    const sequence = getChecked(payload, at + 1)
    assert(sequence > this.#sequence, 'sequence numbers ascend')
    this.#sequence = sequence
    this.#session.store(sequence, getChecked(payload, at + 9), payload.subarray(resultAt, end))
    return end
  }
}

function getChecked(bytes: Uint8Array, at: number): number {
  const value = getUint53(bytes, at)
  assert(value >= 0, 'numbers lie below 2^53')
  return value
}
