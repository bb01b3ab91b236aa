/**
 * The key-value state machine: put, delete, compare-and-set; get, and scan by prefix in byte order. Pure and
 * deterministic: equal commands at equal revisions give equal stores, results and snapshots on every server.
 *
 * Keys are byte strings, kept as latin1 strings (exact for any bytes; "__proto__" is a key like others). Records are
 * found through a table of small Maps, and in order through an index that only new and deleted keys touch.
 */
import { assert } from '../base/assert.js'
import { getUint53, latin1FromBytes } from '../base/byte-string.js'
import { addHash, hashBytes, subtractHash } from '../base/hash.js'
import type { ApplyContext, StateMachine } from '../session/types.js'
import { decodeCommand, encodeResult } from './commands.js'
import { answerBytesMax } from './limits.js'
import { OrderedIndex } from './ordered-index.js'
import {
  decodeQuery,
  encodeAbsent,
  encodeAnswer,
  encodeFound,
  putRecordsHeader,
  recordsHeaderBytes,
} from './queries.js'
import { decodeRecord, putRecord, recordBytes } from './record-bytes.js'
import { RecordTable } from './record-table.js'
import { SnapshotWalk, snapshotHeaderBytes, snapshotVersion } from './snapshot-walk.js'
import { equalsValue, hashRecord, keptValue, recordOverheadBytes } from './stored-record.js'
import type { StoredRecord } from './stored-record.js'
import type { Expected, KvCommand, KvQuery, KvResult, Value } from './types.js'

export class KvStore implements StateMachine {
  #table = new RecordTable<StoredRecord>()
  #index = new OrderedIndex<StoredRecord>()
  /** Of the last command that was applied. */
  #revision = 0
  #hashSum = 0
  #bytes = 0
  readonly #walks = new Set<SnapshotWalk>()

  /** Number of keys. */
  get size(): number {
    return this.#table.size
  }

  /** Memory that keys and values take, in bytes, approximately. */
  get bytes(): number {
    return this.#bytes
  }

  /** A sum over the hashes of all records (key, type, value, revision): equal for equal contents, below 2^53. */
  get stateHash(): number {
    return this.#hashSum
  }

  /** Executes a command (commands.ts); `context.revision` is above that of every command before. */
  apply(command: Uint8Array, context: ApplyContext): Uint8Array {
    assert(context.revision > this.#revision, 'the revision moves with every command')
    this.#revision = context.revision
    const decoded = decodeCommand(command)
    return encodeResult(decoded === null ? { status: 'invalid', revision: 0 } : this.#execute(decoded))
  }

  #execute(command: KvCommand): KvResult {
    const key = latin1FromBytes(command.key)
    const keyHash = hashBytes(command.key, 0)
    const record = this.#table.get(key, keyHash)
    switch (command.op) {
      case 'put':
        return this.#put(key, keyHash, record, command.value)
      case 'delete':
        if (record === undefined) return { status: 'not-found', revision: 0 }
        this.#remove(key, keyHash, record)
        return { status: 'ok', revision: this.#revision }
      case 'cas':
        if (!matches(record, command.expected)) return { status: 'mismatch', revision: record?.revision ?? 0 }
        return this.#put(key, keyHash, record, command.value)
    }
  }

  #put(key: string, keyHash: number, record: StoredRecord | undefined, value: Value): KvResult {
    const revision = this.#revision
    const hash = hashRecord(keyHash, value, revision)
    if (record === undefined) {
      this.#add(key, keyHash, { type: value.type, value: keptValue(value.bytes), revision, hash })
    } else {
      for (const walk of this.#walks) walk.beforeOverwrite(key, record)
      this.#hashSum = addHash(subtractHash(this.#hashSum, record.hash), hash)
      this.#bytes += value.bytes.length - record.value.length
      record.type = value.type
      record.value = keptValue(value.bytes)
      record.revision = revision
      record.hash = hash
    }
    return { status: 'ok', revision }
  }

  #add(key: string, keyHash: number, record: StoredRecord): void {
    this.#table.add(key, keyHash, record)
    this.#index.add(key, record)
    this.#hashSum = addHash(this.#hashSum, record.hash)
    this.#bytes += recordOverheadBytes + key.length + record.value.length
  }

  /** A walk that has yet to reach the record finds it in its frozen index, unchanged. */
  #remove(key: string, keyHash: number, record: StoredRecord): void {
    this.#table.remove(key, keyHash)
    this.#index.remove(key)
    this.#hashSum = subtractHash(this.#hashSum, record.hash)
    this.#bytes -= recordOverheadBytes + key.length + record.value.length
  }

  /** Answers a query (queries.ts) from the present state. */
  query(request: Uint8Array): Uint8Array {
    const query = decodeQuery(request)
    if (query === null) return encodeAnswer({ op: 'invalid' })
    if (query.op === 'scan') return this.#scan(query)
    const record = this.#table.get(latin1FromBytes(query.key), hashBytes(query.key, 0))
    return record === undefined ? encodeAbsent() : encodeFound(record.type, record.revision, record.value)
  }

  /** A page: the first records with the prefix above `after`, as many as limit and bytes allow. */
  #scan(query: KvQuery & { readonly op: 'scan' }): Uint8Array {
    const prefix = latin1FromBytes(query.prefix)
    const after = latin1FromBytes(query.after)
    // Whatever is asked, a page has an end, so no scan holds the server up.
    const bytesMax = Math.min(query.bytesMax, answerBytesMax)
    const keys: string[] = []
    const records: StoredRecord[] = []
    let totalBytes = recordsHeaderBytes
    let more = false
    // The smallest string above `after` is `after` with a zero byte behind it.
    const from = after !== '' && after >= prefix ? after + '\0' : prefix
    this.#index.visitFrom(from, (key, record) => {
      if (!key.startsWith(prefix)) return false
      const nextBytes = totalBytes + recordBytes(key, record.value)
      more = keys.length > 0 && (keys.length >= query.limit || nextBytes > bytesMax)
      if (more) return false
      keys.push(key)
      records.push(record)
      totalBytes = nextBytes
      return true
    })
    const bytes = new Uint8Array(totalBytes)
    let at = putRecordsHeader(bytes, this.#revision, keys.length, more)
    for (const [i, key] of keys.entries()) {
      const { type, value, revision } = records[i]!
      at = putRecord(bytes, at, key, type, value, revision)
    }
    return bytes
  }

  /** The store as of now (snapshot-walk.ts), to be walked once; commands may go on meanwhile. */
  snapshot(): IterableIterator<Uint8Array> {
    const walk = new SnapshotWalk(this.#index.freeze(), this.#revision, this.size, ended => this.#walks.delete(ended))
    this.#walks.add(walk)
    return walk
  }

  /** Replaces everything by what `snapshot` gave, in the same chunks. Walks under way go on over the old state. */
  restore(chunks: Iterable<Uint8Array>): void {
    this.#table = new RecordTable()
    this.#index = new OrderedIndex()
    this.#walks.clear()
    this.#hashSum = 0
    this.#bytes = 0
    let count = -1
    for (const chunk of chunks) {
      let at = 0
      if (count < 0) {
        assert(chunk[0] === snapshotVersion && chunk.length >= snapshotHeaderBytes, 'a snapshot begins with its header')
        this.#revision = getUint53(chunk, 4)
        count = getUint53(chunk, 12)
        at = snapshotHeaderBytes
      }
      this.#restoreRecords(chunk, at)
    }
    assert(this.#revision >= 0 && this.size === count, 'a snapshot holds as many records as it says')
  }

  #restoreRecords(chunk: Uint8Array, from: number): void {
    for (let at = from; at < chunk.length;) {
      const record = decodeRecord(chunk, at)
      assert(record !== null, 'a snapshot is made of whole records')
      const { key, value, revision } = record
      const keyHash = hashBytes(key, 0)
      const hash = hashRecord(keyHash, value, revision)
      this.#add(latin1FromBytes(key), keyHash, { type: value.type, value: keptValue(value.bytes), revision, hash })
      at += recordBytes(key, value.bytes)
    }
  }
}

function matches(record: StoredRecord | undefined, expected: Expected): boolean {
  switch (expected.by) {
    case 'absent':
      return record === undefined
    case 'value':
      return record !== undefined && equalsValue(record, expected.value)
    case 'revision':
      return record?.revision === expected.revision
  }
}
