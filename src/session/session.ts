/**
 * One session: which requests of a client were executed, and with what result (dissertation 6.3). A result stays until
 * the client has said, in a command of the log, that it has the answer; so all servers forget it at the same place.
 */
import { latin1FromBytes } from '../base/byte-string.js'
import { addHash, hashBytes, hashNumber, subtractHash } from '../base/hash.js'

/** What is kept of an executed request, to answer a repeat of it. */
export interface StoredResult {
  /** hashBytes(command, 0): tells a repeat from another command that was given the same number. */
  readonly checksum: number
  /** The result's bytes, as a latin1 string: they are few, and an array of ten bytes takes two hundred. */
  readonly result: string
  /** Of sequence, checksum and result. */
  readonly hash: number
}

/** Measured: a stored result takes this many bytes besides those of the result itself. */
export const storedResultOverheadBytes = 160

export class Session {
  readonly id: number
  /** Replicated revision of the last command that named this session: the order of use is the order of the log. */
  usedAt: number
  /** The client has its answers up to this sequence number. Never goes back. */
  answeredUpTo = 0
  /** Memory that the stored results take, approximately. */
  storedBytes = 0
  /** By sequence number, in the order of execution. */
  readonly #results = new Map<number, StoredResult>()
  #resultsHash = 0

  /** Neighbours in the order of use (usage-order.ts). */
  older: Session | null = null
  newer: Session | null = null

  constructor(id: number, usedAt: number) {
    this.id = id
    this.usedAt = usedAt
  }

  /** Results that are kept, by sequence number, in the order of execution. */
  get results(): ReadonlyMap<number, StoredResult> {
    return this.#results
  }

  /** Hash of everything in the session. */
  get hash(): number {
    return addHash(hashNumber(this.usedAt, hashNumber(this.answeredUpTo, hashNumber(this.id, 0))), this.#resultsHash)
  }

  /** Keeps the result of a request that was executed just now (or, in a restore, was once). */
  store(sequence: number, checksum: number, result: Uint8Array): void {
    const hash = hashBytes(result, hashNumber(sequence, hashNumber(this.id, checksum)))
    this.#results.set(sequence, { checksum, result: latin1FromBytes(result), hash })
    this.#resultsHash = addHash(this.#resultsHash, hash)
    this.storedBytes += storedResultOverheadBytes + result.length
  }

  /** The client has its answers up to `sequence`: their results are forgotten. */
  forgetUpTo(sequence: number): void {
    if (sequence <= this.answeredUpTo) return
    if (sequence - this.answeredUpTo <= this.#results.size) {
      for (let answered = this.answeredUpTo + 1; answered <= sequence; answered++) this.#forget(answered)
    } else {
      // A long jump: what is kept are fewer than the numbers passed over.
      for (const stored of this.#results.keys()) if (stored <= sequence) this.#forget(stored)
    }
    this.answeredUpTo = sequence
  }

  #forget(sequence: number): void {
    const stored = this.#results.get(sequence)
    if (stored === undefined) return
    this.#results.delete(sequence)
    this.#resultsHash = subtractHash(this.#resultsHash, stored.hash)
    this.storedBytes -= storedResultOverheadBytes + stored.result.length
  }
}
