/**
 * Keys and values of JavaScript <-> those of the store. Servers never look inside a value: what it means is decided
 * here, by its type. A Uint8Array is kept as bytes, a string as text, everything else as msgpack.
 */
import { Packr } from 'msgpackr'
import { keyBytesMax, valueBytesMax } from '../../codec/limits.js'
import type { Value, ValueType } from '../kv/types.js'
import { valueTypes } from '../kv/types.js'
import { KeyTooLargeError, UsageError, ValueTooLargeError } from './errors.js'
import { notPlainIn } from './plain-data.js'

/** Names of the types of a value, as programs see them. */
export type ValueTypeName = keyof typeof valueTypes

const typeNames: Readonly<Record<ValueType, ValueTypeName>> = { 0: 'bytes', 1: 'text', 2: 'msgpack' }

// Without records every value stands by itself and any msgpack library reads it; moreTypes adds Set, Error, bigint and
// typed arrays; copied buffers come back as plain Uint8Array and do not pin the datagram that they came in.
const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true })
const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** In a pattern with the u flag only a surrogate without its other half matches; encoding would replace it by U+FFFD. */
const loneSurrogate = /\p{Surrogate}/u

/**
 * The bytes of a key: UTF-8 of a string, or the bytes themselves. Throws UsageError for an empty key or a string that
 * is not well-formed, KeyTooLargeError above 1,024 bytes.
 */
export function encodeKey(key: string | Uint8Array): Uint8Array {
  const bytes = encodePrefix(key)
  if (bytes.byteLength === 0) throw new UsageError('a key is never empty: give it at least one character')
  return bytes
}

/** As encodeKey, but may be empty: every key begins with nothing. */
export function encodePrefix(prefix: string | Uint8Array): Uint8Array {
  const bytes = typeof prefix === 'string' ? encodeText(prefix, 'key') : prefix
  if (!(bytes instanceof Uint8Array)) throw new UsageError('a key is a string or a Uint8Array')
  if (bytes.byteLength > keyBytesMax) {
    throw new KeyTooLargeError(`the key has ${bytes.byteLength} bytes, the limit is ${keyBytesMax}: shorten it`)
  }
  return bytes
}

/** A key as a string where it is UTF-8, as bytes where it is not. */
export function decodeKey(bytes: Uint8Array): string | Uint8Array {
  return decodeText(bytes) ?? bytes
}

/**
 * A value as it is stored. Whole numbers are exact up to 2^53, bigints at any size. A Map comes back as an object,
 * an object of a class as a plain one, -0 as 0. Throws UsageError for undefined, for text that is not well-formed, for
 * functions, symbols, Promises, weak collections and properties named __proto__ anywhere inside, and for what msgpack
 * cannot carry; ValueTooLargeError above 1,048,576 bytes (1 MiB).
 */
export function encodeValue(value: unknown): Value {
  const encoded = encodeAny(value)
  const bytes = encoded.bytes.byteLength
  if (bytes > valueBytesMax) {
    throw new ValueTooLargeError(
      `the value has ${bytes} bytes, the limit is ${valueBytesMax}: split it over several keys`,
    )
  }
  return encoded
}

/** The value again. Throws UsageError where the bytes are not what their type says (then read them with getRaw). */
export function decodeValue(value: Value): unknown {
  if (value.type === valueTypes.bytes) return value.bytes
  if (value.type === valueTypes.text) {
    const text = decodeText(value.bytes)
    if (text === null) throw new UsageError('the value is marked as text but is not UTF-8: read its bytes with getRaw')
    return text
  }
  try {
    return packr.unpack(value.bytes) as unknown
  } catch (error) {
    throw new UsageError('the value is marked as msgpack but is none: read its bytes with getRaw', { cause: error })
  }
}

/** The type of a value by its name. */
export function typeName(type: ValueType): ValueTypeName {
  return typeNames[type]
}

function encodeAny(value: unknown): Value {
  if (value instanceof Uint8Array) return { type: valueTypes.bytes, bytes: value }
  if (typeof value === 'string') return { type: valueTypes.text, bytes: encodeText(value, 'value') }
  if (value === undefined) {
    throw new UsageError('a value cannot be undefined: use null for nothing, or delete the key')
  }
  try {
    const notPlain = notPlainIn(value)
    if (notPlain !== null) throw new UsageError(`a value cannot be or hold ${notPlain}: make it plain data`)
    return { type: valueTypes.msgpack, bytes: packr.pack(value) }
  } catch (error) {
    if (error instanceof UsageError) throw error
    const why = error instanceof Error ? error.message : 'unknown reason'
    throw new UsageError(`the value cannot be carried by msgpack (${why}): make it plain data, without cycles`, {
      cause: error,
    })
  }
}

function encodeText(text: string, what: 'key' | 'value'): Uint8Array {
  if (loneSurrogate.test(text)) {
    throw new UsageError(`the ${what} is not well-formed Unicode (half a surrogate pair): pass it as a Uint8Array`)
  }
  return encoder.encode(text)
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return null
  }
}
