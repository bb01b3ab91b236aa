/**
 * The bytes of one record, the same in the answer to a scan and in a snapshot:
 *
 *   0           2      3   4             8            16
 *   | keyLength | type | 0 | valueLength | revision 8 | key | value |
 */
import { getUint16, getUint32, getUint53, putBytes, putUint16, putUint32, putUint53 } from '../base/byte-string.js'
import type { ByteString } from '../base/byte-string.js'
import { keyBytesMax, valueBytesMax } from './limits.js'
import type { KvRecord, ValueType } from './types.js'

const headerBytes = 16

/** Whether the byte names a type of value. */
export function isValueType(type: number): type is ValueType {
  return type <= 2
}

/** How many bytes a record takes. */
export function recordBytes(key: ByteString, value: ByteString): number {
  return headerBytes + key.length + value.length
}

/** Writes a record at `at`, where it must fit, and returns the offset after it. */
export function putRecord(
  target: Uint8Array,
  at: number,
  key: ByteString,
  type: ValueType,
  value: ByteString,
  revision: number,
): number {
  putUint16(target, at, key.length)
  target[at + 2] = type
  target[at + 3] = 0
  putUint32(target, at + 4, value.length)
  putUint53(target, at + 8, revision)
  return putBytes(target, putBytes(target, at + headerBytes, key), value)
}

/** Where the record at `at` ends, or 0 if none stands there. */
export function recordEnd(bytes: Uint8Array, at: number): number {
  if (at + headerBytes > bytes.length) return 0
  const keyLength = getUint16(bytes, at)
  const valueLength = getUint32(bytes, at + 4)
  if (keyLength === 0 || keyLength > keyBytesMax || valueLength > valueBytesMax) return 0
  if (!isValueType(bytes[at + 2]!) || bytes[at + 3] !== 0 || getUint53(bytes, at + 8) < 0) return 0
  const end = at + headerBytes + keyLength + valueLength
  return end > bytes.length ? 0 : end
}

/** Where the key of the record at `at` begins, here and below one that ends. */
export function keyAtOf(at: number): number {
  return at + headerBytes
}

export function valueAtOf(bytes: Uint8Array, at: number): number {
  return at + headerBytes + getUint16(bytes, at)
}

export function typeAtOf(bytes: Uint8Array, at: number): ValueType {
  return bytes[at + 2]! as ValueType
}

export function revisionAtOf(bytes: Uint8Array, at: number): number {
  return getUint53(bytes, at + 8)
}

/** The record at `at`, or null if none stands there. Key and value are views of `bytes`. */
export function decodeRecord(bytes: Uint8Array, at: number): KvRecord | null {
  const end = recordEnd(bytes, at)
  if (end === 0) return null
  const valueAt = valueAtOf(bytes, at)
  const value = { type: typeAtOf(bytes, at), bytes: bytes.subarray(valueAt, end) }
  return { key: bytes.subarray(keyAtOf(at), valueAt), value, revision: revisionAtOf(bytes, at) }
}
