/**
 * The key-value state machine: put, delete, compare-and-set; get, and scan by prefix in byte order. Pure and
 * deterministic: equal commands at equal revisions give equal stores, results and snapshots on every server.
 *
 * Keys are byte strings, kept as latin1 strings (exact for any bytes; "__proto__" is a key like others).
 */
import { assert } from '../base/assert.js'
import { latin1FromBytes } from '../base/byte-string.js'
import { hashBytes } from '../base/hash.js'
import type { ApplyContext, StateMachine } from '../session/types.js'
import { decodeCommand, encodeResult, putKeyAt, putValueAt } from './commands.js'
import { Contents } from './contents.js'
import { answerBytesMax, pageRecordsMax } from './limits.js'
import {
  decodeQuery,
  encodeAbsent,
  encodeAnswer,
  encodeFound,
  putRecordsHeader,
  recordsHeaderBytes,
} from './queries.js'
import { putRecord, recordBytes } from './record-bytes.js'
import { SnapshotReader } from './snapshot-reader.js'
import { SnapshotWalk } from './snapshot-walk.js'
import type { Expected, KvCommand, KvQuery, KvResult, ValueType } from './types.js'

export class KvStore implements StateMachine {
  #contents = new Contents()
  /** Of the last command that was applied. */
  #revision = 0
  readonly #walks = new Set<SnapshotWalk>()
  /** Walks that have ended, perhaps early: all that they kept at once would stop the world, so it goes piece by piece. */
  readonly #leaving: SnapshotWalk[] = []

  /** Number of keys. */
  get size(): number {
    return this.#contents.size
  }

  /** Memory that keys and values take, in bytes, approximately. */
  get bytes(): number {
    return this.#contents.bytes
  }

  /** A sum over the hashes of all records (key, type, value, revision): equal for equal contents, below 2^53. */
  get stateHash(): number {
    return this.#contents.hashSum
  }

  /** Executes a command (commands.ts); `context.revision` is above that of every command before. */
  apply(command: Uint8Array, context: ApplyContext): Uint8Array {
    assert(context.revision > this.#revision, 'the revision moves with every command')
    this.#revision = context.revision
    if (this.#leaving.length > 0 && !this.#leaving[0]!.release()) this.#leaving.shift()
    const valueAt = putValueAt(command)
    if (valueAt > 0) return encodeResult(this.#applyPut(command, valueAt))
    const decoded = decodeCommand(command)
    return encodeResult(decoded === null ? { status: 'invalid', revision: 0 } : this.#execute(decoded))
  }

  /** What most commands are, straight from the bytes: to decode it costs as much again. */
  #applyPut(command: Uint8Array, valueAt: number): KvResult {
    const key = latin1FromBytes(command, putKeyAt, valueAt)
    const keyHash = hashBytes(command, 0, putKeyAt, valueAt)
    const record = this.#contents.find(key, keyHash)
    return this.#put(key, keyHash, record, command[1] as ValueType, command, valueAt)
  }

  #execute(command: KvCommand): KvResult {
    const key = latin1FromBytes(command.key)
    const keyHash = hashBytes(command.key, 0)
    const record = this.#contents.find(key, keyHash)
    switch (command.op) {
      case 'put':
        return this.#put(key, keyHash, record, command.value.type, command.value.bytes, 0)
      case 'delete':
        if (record === undefined) return { status: 'not-found', revision: 0 }
        for (const walk of this.#walks) walk.beforeChange(key, record)
        this.#contents.remove(key, keyHash, record)
        return { status: 'ok', revision: this.#revision }
      case 'cas':
        if (!this.#matches(record, command.expected)) {
          return { status: 'mismatch', revision: record === undefined ? 0 : this.#contents.records.revisionOf(record) }
        }
        return this.#put(key, keyHash, record, command.value.type, command.value.bytes, 0)
    }
  }

  #put(
    key: string,
    keyHash: number,
    record: number | undefined,
    type: ValueType,
    bytes: Uint8Array,
    valueAt: number,
  ): KvResult {
    const revision = this.#revision
    if (record === undefined) {
      this.#contents.add(key, keyHash, revision, type, bytes, valueAt)
    } else {
      if (this.#walks.size > 0) for (const walk of this.#walks) walk.beforeChange(key, record)
      this.#contents.overwrite(record, keyHash, revision, type, bytes, valueAt)
    }
    return { status: 'ok', revision }
  }

  #matches(record: number | undefined, expected: Expected): boolean {
    const { records } = this.#contents
    switch (expected.by) {
      case 'absent':
        return record === undefined
      case 'value':
        return record !== undefined && records.equalsValue(record, expected.value)
      case 'revision':
        return record !== undefined && records.revisionOf(record) === expected.revision
    }
  }

  /** Answers a query (queries.ts) from the present state. */
  query(request: Uint8Array): Uint8Array {
    const query = decodeQuery(request)
    if (query === null) return encodeAnswer({ op: 'invalid' })
    if (query.op === 'scan') return this.#scan(query)
    const { records } = this.#contents
    const record = this.#contents.find(latin1FromBytes(query.key), hashBytes(query.key, 0))
    if (record === undefined) return encodeAbsent()
    return encodeFound(records.typeOf(record), records.revisionOf(record), records.valueOf(record))
  }

  /** A page: the first records with the prefix above `after`, as many as limit and bytes allow. */
  #scan(query: KvQuery & { readonly op: 'scan' }): Uint8Array {
    const prefix = latin1FromBytes(query.prefix)
    const after = latin1FromBytes(query.after)
    // Whatever is asked, a page has an end, so no scan holds the server up.
    const bytesMax = Math.min(query.bytesMax, answerBytesMax)
    const limit = Math.min(query.limit, pageRecordsMax)
    const { index, records } = this.#contents
    const keys: string[] = []
    const found: number[] = []
    let totalBytes = recordsHeaderBytes
    let more = false
    // The smallest string above `after` is `after` with a zero byte behind it.
    const from = after !== '' && after >= prefix ? after + '\0' : prefix
    index.visitFrom(from, (key, record) => {
      if (!key.startsWith(prefix)) return false
      const nextBytes = totalBytes + recordBytes(key, records.valueOf(record))
      more = keys.length > 0 && (keys.length >= limit || nextBytes > bytesMax)
      if (more) return false
      keys.push(key)
      found.push(record)
      totalBytes = nextBytes
      return true
    })
    const bytes = new Uint8Array(totalBytes)
    let at = putRecordsHeader(bytes, this.#revision, keys.length, more)
    for (const [i, key] of keys.entries()) {
      const record = found[i]!
      at = putRecord(bytes, at, key, records.typeOf(record), records.valueOf(record), records.revisionOf(record))
    }
    return bytes
  }

  /** The store as of now (snapshot-walk.ts), to be walked once; commands may go on meanwhile. */
  snapshot(): IterableIterator<Uint8Array> {
    const walk = new SnapshotWalk(this.#contents, this.#revision, ended => {
      this.#walks.delete(ended)
      this.#leaving.push(ended)
    })
    this.#walks.add(walk)
    return walk
  }

  /**
   * Takes what `snapshot` gave, in the same chunks, and replaces everything by it at the end. Walks under way go on over
   * the old state.
   */
  restorer(): SnapshotReader {
    return new SnapshotReader((contents, revision) => {
      this.#contents = contents
      this.#revision = revision
      this.#walks.clear()
    })
  }

  /** Replaces everything by what `snapshot` gave, in the same chunks. */
  restore(chunks: Iterable<Uint8Array>): void {
    const restorer = this.restorer()
    for (const chunk of chunks) restorer.push(chunk)
    restorer.end()
  }
}
