/**
 * A record as the store keeps it. Nothing in it refers to the bytes of the command that it came in: an entry's buffer
 * holds many commands, and one small living value would keep them all.
 */
import { hashBytes, hashNumber } from '../base/hash.js'
import type { ByteString } from '../base/byte-string.js'
import { bytesFromLatin1, latin1FromBytes } from '../base/byte-string.js'
import { stringValueBytesMax } from './limits.js'
import type { Value, ValueType } from './types.js'

/** Overwritten in place: a new object per change would cost more garbage than the value. */
export interface StoredRecord {
  type: ValueType
  value: ByteString
  /** Of the command that wrote it. */
  revision: number
  /** Of key, type, value and revision. */
  hash: number
}

/** Measured at a million keys: headers of the two strings, the record, its places in the table and in the index. */
export const recordOverheadBytes = 170

/** The bytes of a value in the form in which they are kept. */
export function keptValue(bytes: Uint8Array): ByteString {
  return bytes.length <= stringValueBytesMax ? latin1FromBytes(bytes) : bytes.slice()
}

/** Hash of a whole record; `keyHash` is hashBytes(key, 0). */
export function hashRecord(keyHash: number, value: Value, revision: number): number {
  return hashBytes(value.bytes, hashNumber(value.type, hashNumber(revision, keyHash)))
}

/** Whether the record's value is this one: type and bytes. */
export function equalsValue(record: StoredRecord, value: Value): boolean {
  const kept = record.value
  if (record.type !== value.type || kept.length !== value.bytes.length) return false
  const bytes = typeof kept === 'string' ? bytesFromLatin1(kept) : kept
  return bytes.every((byte, at) => byte === value.bytes[at])
}
