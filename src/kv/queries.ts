/**
 * The bytes of queries and answers, by the same rules as commands.ts. Answers are written from byte strings as the store
 * keeps them (latin1 strings or arrays), so that a value read is copied once.
 *
 *              0      1       2               4               8           12
 *   get      | op 1 | 0     | keyLength     | key |
 *   scan     | op 2 | 0     | prefixLength  | afterLength | 0 0 | limit 4 | bytesMax 4 | prefix | after |     16
 *
 *              0      1       2               4               12
 *   found    | op 1 | type  | 0 0           | revision 8    | valueLength 4 | value |
 *   absent   | op 4 |
 *   records  | op 2 | more  | 0 0           | revision 8    | count 4 | records as in record-bytes.ts |
 *   invalid  | op 3 |
 */
import { assert } from '../base/assert.js'
import { getUint16, getUint32, getUint53, putBytes, putUint16, putUint32, putUint53 } from '../base/byte-string.js'
import type { ByteString } from '../base/byte-string.js'
import { keyBytesMax, valueBytesMax } from './limits.js'
import { decodeRecord, isValueType, putRecord, recordBytes } from './record-bytes.js'
import type { KvAnswer, KvQuery, KvRecord, ValueType } from './types.js'

const opGet = 1
const opScan = 2

const answerFound = 1
const answerRecords = 2
const answerInvalid = 3
const answerAbsent = 4

const getHeaderBytes = 4
const scanHeaderBytes = 16
const foundHeaderBytes = 16
/** What an answer to a scan takes besides its records. */
export const recordsHeaderBytes = 16

/** The bytes of a query. Key, prefix and after must be within the limits: whoever takes them from outside checks. */
export function encodeQuery(query: KvQuery): Uint8Array {
  if (query.op === 'get') {
    const { key } = query
    assert(key.length >= 1 && key.length <= keyBytesMax, `a key has 1 to ${keyBytesMax} bytes`)
    const bytes = new Uint8Array(getHeaderBytes + key.length)
    bytes[0] = opGet
    putUint16(bytes, 2, key.length)
    putBytes(bytes, getHeaderBytes, key)
    return bytes
  }
  const { prefix, after } = query
  assert(prefix.length <= keyBytesMax && after.length <= keyBytesMax, `a key has at most ${keyBytesMax} bytes`)
  assert(query.limit >= 1, 'a scan asks for a record at least')
  const bytes = new Uint8Array(scanHeaderBytes + prefix.length + after.length)
  bytes[0] = opScan
  putUint16(bytes, 2, prefix.length)
  putUint16(bytes, 4, after.length)
  putUint32(bytes, 8, Math.min(query.limit, 0xffffffff))
  putUint32(bytes, 12, Math.min(query.bytesMax, 0xffffffff))
  putBytes(bytes, putBytes(bytes, scanHeaderBytes, prefix), after)
  return bytes
}

/** The query in the bytes, or null if they are none. Keys are views of `bytes`. */
export function decodeQuery(bytes: Uint8Array): KvQuery | null {
  const { length } = bytes
  if (length < getHeaderBytes || bytes[1] !== 0) return null
  if (bytes[0] === opGet) {
    const keyLength = getUint16(bytes, 2)
    if (keyLength === 0 || keyLength > keyBytesMax || length !== getHeaderBytes + keyLength) return null
    return { op: 'get', key: bytes.subarray(getHeaderBytes) }
  }
  if (bytes[0] !== opScan || length < scanHeaderBytes || getUint16(bytes, 6) !== 0) return null
  const prefixLength = getUint16(bytes, 2)
  const afterLength = getUint16(bytes, 4)
  const limit = getUint32(bytes, 8)
  if (prefixLength > keyBytesMax || afterLength > keyBytesMax || limit === 0) return null
  if (length !== scanHeaderBytes + prefixLength + afterLength) return null
  const afterAt = scanHeaderBytes + prefixLength
  return {
    op: 'scan',
    prefix: bytes.subarray(scanHeaderBytes, afterAt),
    after: bytes.subarray(afterAt),
    limit,
    bytesMax: getUint32(bytes, 12),
  }
}

/** The bytes of an answer. */
export function encodeAnswer(answer: KvAnswer): Uint8Array {
  switch (answer.op) {
    case 'get': {
      const { found } = answer
      return found === null ? encodeAbsent() : encodeFound(found.value.type, found.revision, found.value.bytes)
    }
    case 'scan': {
      let totalBytes = recordsHeaderBytes
      for (const { key, value } of answer.records) totalBytes += recordBytes(key, value.bytes)
      const bytes = new Uint8Array(totalBytes)
      let at = putRecordsHeader(bytes, answer.revision, answer.records.length, answer.more)
      for (const { key, value, revision } of answer.records) {
        at = putRecord(bytes, at, key, value.type, value.bytes, revision)
      }
      return bytes
    }
    case 'invalid':
      return Uint8Array.of(answerInvalid)
  }
}

/** Answers a get that found nothing. */
export function encodeAbsent(): Uint8Array {
  return Uint8Array.of(answerAbsent)
}

/** Answers a get. */
export function encodeFound(type: ValueType, revision: number, value: ByteString): Uint8Array {
  // Pooled and not zeroed, a quarter of the time of a new Uint8Array; so every byte is written here.
  const bytes = Buffer.allocUnsafe(foundHeaderBytes + value.length)
  bytes[0] = answerFound
  bytes[1] = type
  putUint16(bytes, 2, 0)
  putUint53(bytes, 4, revision)
  putUint32(bytes, 12, value.length)
  putBytes(bytes, foundHeaderBytes, value)
  return bytes
}

/** Begins the answer to a scan; the records follow at the offset returned. */
export function putRecordsHeader(target: Uint8Array, revision: number, count: number, more: boolean): number {
  target[0] = answerRecords
  target[1] = more ? 1 : 0
  putUint53(target, 4, revision)
  putUint32(target, 12, count)
  return recordsHeaderBytes
}

/** The answer in the bytes, or null if they are none. Keys and values are views of `bytes`. */
export function decodeAnswer(bytes: Uint8Array): KvAnswer | null {
  switch (bytes[0]!) {
    case answerFound:
      return decodeFound(bytes)
    case answerAbsent:
      return bytes.length === 1 ? { op: 'get', found: null } : null
    case answerRecords:
      return decodeRecords(bytes)
    case answerInvalid:
      return bytes.length === 1 ? { op: 'invalid' } : null
    default:
      return null
  }
}

function decodeFound(bytes: Uint8Array): KvAnswer | null {
  if (bytes.length < foundHeaderBytes || getUint16(bytes, 2) !== 0) return null
  const type = bytes[1]!
  const revision = getUint53(bytes, 4)
  const valueLength = getUint32(bytes, 12)
  if (!isValueType(type) || revision < 0 || valueLength > valueBytesMax) return null
  if (bytes.length !== foundHeaderBytes + valueLength) return null
  return { op: 'get', found: { value: { type, bytes: bytes.subarray(foundHeaderBytes) }, revision } }
}

function decodeRecords(bytes: Uint8Array): KvAnswer | null {
  if (bytes.length < recordsHeaderBytes || bytes[1]! > 1 || getUint16(bytes, 2) !== 0) return null
  const revision = getUint53(bytes, 4)
  if (revision < 0) return null
  const count = getUint32(bytes, 12)
  const records: KvRecord[] = []
  let at = recordsHeaderBytes
  while (at < bytes.length) {
    const record = decodeRecord(bytes, at)
    if (record === null) return null
    records.push(record)
    at += recordBytes(record.key, record.value.bytes)
  }
  return records.length === count ? { op: 'scan', revision, records, more: bytes[1] === 1 } : null
}
