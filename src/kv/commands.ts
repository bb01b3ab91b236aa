/**
 * The bytes of commands and results. Little-endian; a length that does not end exactly where the bytes end is malformed,
 * and so is any reserved byte that is not zero: two different byte strings never mean the same command.
 *
 *              0      1      2           4            8
 *   put      | op 1 | type | keyLength | valueLength | key | value |
 *   delete   | op 2 | 0    | keyLength | key |
 *   cas      | op 3 | type | keyLength | valueLength | by | expectedType | 0 0 | then, according to `by`:     12
 *     by 0, absent                | key | value |
 *     by 1, value                 | expectedLength 4 | key | value | expected |
 *     by 2, revision              | revision 8 | key | value |
 *
 *              0        1
 *   result   | status | revision 8 |     status 0 ok, 1 not-found, 2 mismatch, 3 invalid
 */
import { assert } from '../base/assert.js'
import { getUint16, getUint32, getUint53, putBytes, putUint16, putUint32, putUint53 } from '../base/byte-string.js'
import { commandBytesMax, keyBytesMax, valueBytesMax } from './limits.js'
import { isValueType } from './record-bytes.js'
import type { Expected, KvCommand, KvResult, Value } from './types.js'

export { decodeAnswer, decodeQuery, encodeAnswer, encodeQuery } from './queries.js'

const opPut = 1
const opDelete = 2
const opCas = 3

const byAbsent = 0
const byValue = 1
const byRevision = 2

const putHeaderBytes = 8
const deleteHeaderBytes = 4
const casHeaderBytes = 12
const resultBytes = 9

const statuses = ['ok', 'not-found', 'mismatch', 'invalid'] as const satisfies readonly KvResult['status'][]

/** Whether these are the bytes of a delete, which alone carries nothing but its key. */
export function isDelete(command: Uint8Array): boolean {
  return command[0] === opDelete
}

/** Where the key of a put begins. */
export const putKeyAt = putHeaderBytes

/** Where the value of a put begins, and its key ends; 0 if the bytes are no put. */
export function putValueAt(bytes: Uint8Array): number {
  if (bytes[0] !== opPut || bytes.length < putHeaderBytes || !isValueType(bytes[1]!)) return 0
  const keyLength = getUint16(bytes, 2)
  const valueLength = getUint32(bytes, 4)
  if (keyLength === 0 || keyLength > keyBytesMax || valueLength > valueBytesMax) return 0
  return putHeaderBytes + keyLength + valueLength === bytes.length ? putHeaderBytes + keyLength : 0
}

/** The bytes of a command. Key and values must be within the limits: whoever takes them from outside checks before. */
export function encodeCommand(command: KvCommand): Uint8Array {
  const { key } = command
  if (key.length < 1 || key.length > keyBytesMax) assert(false, `a key has 1 to ${keyBytesMax} bytes`)
  if (command.op === 'delete') {
    const bytes = newCommand(deleteHeaderBytes, deleteHeaderBytes + key.length)
    bytes[0] = opDelete
    putUint16(bytes, 2, key.length)
    putBytes(bytes, deleteHeaderBytes, key)
    return bytes
  }
  const { value } = command
  if (value.bytes.length > valueBytesMax) assert(false, `a value has at most ${valueBytesMax} bytes`)
  const expected = command.op === 'cas' ? command.expected : null
  const headerBytes = expected === null ? putHeaderBytes : casHeaderBytes + expectedHeaderBytes(expected)
  const expectedValueBytes = expected?.by === 'value' ? expected.value.bytes.length : 0
  const totalBytes = headerBytes + key.length + value.bytes.length + expectedValueBytes
  if (totalBytes > commandBytesMax) assert(false, `a command has at most ${commandBytesMax} bytes`)

  const bytes = newCommand(headerBytes, totalBytes)
  bytes[0] = expected === null ? opPut : opCas
  bytes[1] = value.type
  putUint16(bytes, 2, key.length)
  putUint32(bytes, 4, value.bytes.length)
  if (expected !== null) putExpectedHeader(bytes, expected)
  const afterValue = putBytes(bytes, putBytes(bytes, headerBytes, key), value.bytes)
  if (expected?.by === 'value') putBytes(bytes, afterValue, expected.value.bytes)
  return bytes
}

/** Of commands of usual size many share one array: an array for each was a twentieth of what a put costs a client. */
function newCommand(headerBytes: number, totalBytes: number): Uint8Array {
  return Buffer.allocUnsafe(totalBytes).fill(0, 0, headerBytes)
}

function expectedHeaderBytes(expected: Expected): number {
  return expected.by === 'value' ? 4 : expected.by === 'revision' ? 8 : 0
}

function putExpectedHeader(bytes: Uint8Array, expected: Expected): void {
  if (expected.by === 'absent') {
    bytes[8] = byAbsent
  } else if (expected.by === 'value') {
    assert(expected.value.bytes.length <= valueBytesMax, `a value has at most ${valueBytesMax} bytes`)
    bytes[8] = byValue
    bytes[9] = expected.value.type
    putUint32(bytes, casHeaderBytes, expected.value.bytes.length)
  } else {
    bytes[8] = byRevision
    putUint53(bytes, casHeaderBytes, expected.revision)
  }
}

/** The command in the bytes, or null if they are none. Key and values are views of `bytes`: copy what is kept. */
export function decodeCommand(bytes: Uint8Array): KvCommand | null {
  const { length } = bytes
  if (length < deleteHeaderBytes || length > commandBytesMax) return null
  const keyLength = getUint16(bytes, 2)
  if (keyLength === 0 || keyLength > keyBytesMax) return null
  switch (bytes[0]!) {
    case opPut: {
      const valueAt = putValueAt(bytes)
      const value = valueAt === 0 ? null : decodeValue(bytes, bytes[1]!, valueAt, length - valueAt)
      return value === null ? null : { op: 'put', key: bytes.subarray(putKeyAt, valueAt), value }
    }
    case opDelete:
      if (bytes[1] !== 0 || length !== deleteHeaderBytes + keyLength) return null
      return { op: 'delete', key: bytes.subarray(deleteHeaderBytes) }
    case opCas:
      return decodeCas(bytes, keyLength)
    default:
      return null
  }
}

function decodeCas(bytes: Uint8Array, keyLength: number): KvCommand | null {
  const { length } = bytes
  if (length < casHeaderBytes || getUint16(bytes, 10) !== 0) return null
  const by = bytes[8]!
  const keyAt = casHeaderBytes + (by === byValue ? 4 : by === byRevision ? 8 : 0)
  if (length < keyAt + keyLength) return null
  const valueAt = keyAt + keyLength
  const value = decodeValue(bytes, bytes[1]!, valueAt, getUint32(bytes, 4))
  if (value === null) return null
  const valueEnd = valueAt + value.bytes.length

  let expected: Expected
  let end = valueEnd
  if (by === byValue) {
    const expectedValue = decodeValue(bytes, bytes[9]!, valueEnd, getUint32(bytes, casHeaderBytes))
    if (expectedValue === null) return null
    expected = { by: 'value', value: expectedValue }
    end += expectedValue.bytes.length
  } else if (by === byRevision) {
    const revision = getUint53(bytes, casHeaderBytes)
    if (revision < 0 || bytes[9] !== 0) return null
    expected = { by: 'revision', revision }
  } else {
    if (by !== byAbsent || bytes[9] !== 0) return null
    expected = { by: 'absent' }
  }
  return end === length ? { op: 'cas', key: bytes.subarray(keyAt, valueAt), expected, value } : null
}

/** The value of `length` bytes at `at`, or null if the bytes do not hold it or it is none. */
function decodeValue(bytes: Uint8Array, type: number, at: number, length: number): Value | null {
  if (!isValueType(type) || length > valueBytesMax || at + length > bytes.length) return null
  return { type, bytes: bytes.subarray(at, at + length) }
}

/** The bytes of a result. */
export function encodeResult(result: KvResult): Uint8Array {
  // Pooled: half of the garbage of a new Uint8Array, which was a third of all that a put made.
  const bytes = Buffer.allocUnsafe(resultBytes)
  bytes[0] = statuses.indexOf(result.status)
  putUint53(bytes, 1, result.revision)
  return bytes
}

/** The result in the bytes, or null if they are none. */
export function decodeResult(bytes: Uint8Array): KvResult | null {
  if (bytes.length !== resultBytes) return null
  const status = statuses[bytes[0]!]
  const revision = getUint53(bytes, 1)
  return status === undefined || revision < 0 ? null : { status, revision }
}
