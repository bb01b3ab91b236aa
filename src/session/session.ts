/**
 * One session: which requests of a client were executed, and with what result (dissertation 6.3). A result stays until
 * the client has said, in a command of the log, that it has the answer; so all servers forget it at the same place.
 */
import { addHash, hashNumber, subtractHash } from '../base/hash.js'
import { ResultTable } from './result-table.js'

/** A stored result takes this many bytes besides those of the result itself: a row of 32 bytes in a table half full. */
export const storedResultOverheadBytes = 64

export class Session {
  readonly id: number
  /** Replicated revision of the last command that named this session: the order of use is the order of the log. */
  usedAt: number
  /** The client has its answers up to this sequence number. Never goes back. */
  answeredUpTo = 0
  /** Memory that the stored results take, approximately. */
  storedBytes = 0
  /** What is kept of executed requests, to answer repeats of them. The checksum tells another command of the number. */
  readonly results = new ResultTable()
  #resultsHash = 0
  /** The hash with which it stands in the sum over all sessions: computed once for each change. */
  summedHash = 0

  /** Neighbours in the order of use (usage-order.ts). */
  older: Session | null = null
  newer: Session | null = null

  constructor(id: number, usedAt: number) {
    this.id = id
    this.usedAt = usedAt
  }

  /** Hash of everything in the session. */
  get hash(): number {
    return addHash(hashNumber(this.usedAt, hashNumber(this.answeredUpTo, this.id)), this.#resultsHash)
  }

  /** Keeps the result of a request that was executed just now (or, in a restore, was once). */
  store(sequence: number, checksum: number, result: Uint8Array): void {
    const place = this.results.add(sequence, checksum, result)
    this.#resultsHash = addHash(this.#resultsHash, this.results.hashAt(place, this.id))
    this.storedBytes += storedResultOverheadBytes + result.length
  }

  /** The client has its answers up to `sequence`: their results are forgotten. */
  forgetUpTo(sequence: number): void {
    if (sequence <= this.answeredUpTo) return
    if (sequence - this.answeredUpTo <= this.results.size) {
      for (let answered = this.answeredUpTo + 1; answered <= sequence; answered++) this.#forget(answered)
    } else {
      // A long jump: what is kept are fewer than the numbers passed over.
      for (const stored of this.results.sequences()) if (stored <= sequence) this.#forget(stored)
    }
    this.answeredUpTo = sequence
  }

  #forget(sequence: number): void {
    const place = this.results.find(sequence)
    if (place < 0) return
    this.#resultsHash = subtractHash(this.#resultsHash, this.results.hashAt(place, this.id))
    this.storedBytes -= storedResultOverheadBytes + this.results.lengthAt(place)
    this.results.remove(place)
  }
}
