/** Keys and values as --json and people see them. */
import type { ValueTypeName } from '../src/client/values.js'
import { decodeValue, encodeValue } from '../src/client/values.js'
import { valueTypes } from '../src/kv/types.js'
import { quoted } from './output.js'

/**
 * `value` for text and for msgpack that is JSON, else `valueBase64` with the bytes as they are stored; `type` tells text,
 * msgpack and bytes apart.
 */
export function valueFields(type: ValueTypeName, bytes: Uint8Array): object {
  const value = readableValue(type, bytes)
  if (value === undefined) return { type, valueBase64: Buffer.from(bytes).toString('base64') }
  return { type, value }
}

/** As `valueFields`, of a value that was decoded already. */
export function decodedValueFields(type: ValueTypeName, value: unknown): object {
  if (type !== 'bytes' && isJson(value)) return { type, value }
  return { type, valueBase64: Buffer.from(encodeValue(value).bytes).toString('base64') }
}

/** `key`, or `keyBase64` where it is no UTF-8. */
export function keyFields(key: string | Uint8Array): object {
  return typeof key === 'string' ? { key } : { keyBase64: Buffer.from(key).toString('base64') }
}

/** A value on one line: text in quotes, msgpack as JSON, bytes in hexadecimal; cut after `charactersMax`. */
export function valueForPeople(type: ValueTypeName, bytes: Uint8Array, charactersMax: number): string {
  const value = readableValue(type, bytes)
  if (typeof value === 'string') return quoted(value, charactersMax)
  const text = value === undefined ? `0x${Buffer.from(bytes).toString('hex')}` : JSON.stringify(value)
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`
}

export function keyForPeople(key: string | Uint8Array, charactersMax = Infinity): string {
  return typeof key === 'string' ? plainOrQuoted(key, charactersMax) : `0x${Buffer.from(key).toString('hex')}`
}

/** What JSON can say of a value without loss; undefined: nothing. */
function readableValue(type: ValueTypeName, bytes: Uint8Array): unknown {
  if (type === 'bytes') return undefined
  try {
    const value = decodeValue({ type: valueTypes[type], bytes })
    return isJson(value) ? value : undefined
  } catch {
    // Stored by another program, and not what its type says.
    return undefined
  }
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object') return false
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
}

function plainOrQuoted(key: string, charactersMax: number): string {
  return /^[\p{L}\p{N}_./:@-]+$/u.test(key) && key.length <= charactersMax ? key : quoted(key, charactersMax)
}
