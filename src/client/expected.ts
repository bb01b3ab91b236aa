/** What a compare-and-set expects, from what a program gives to what a command holds. */
import { commandBytesMax } from '../../codec/limits.js'
import type { Expected, Value } from '../kv/types.js'
import { UsageError, ValueTooLargeError } from './errors.js'
import { encodeValue } from './values.js'

/** What a compare-and-set expects to find: nothing, the revision of a record that `get` gave, or an equal value. */
export type ExpectedValue = null | { readonly revision: number } | { readonly value: unknown }

/** What a compare-and-set has besides its key and its two values. */
const casOverheadBytes = 16

/** Throws UsageError for what is none of the three, as encodeValue for a value that cannot be. */
export function encodeExpected(expected: ExpectedValue): Expected {
  if (expected === null) return { by: 'absent' }
  if (typeof expected === 'object') {
    const { revision, value } = expected as { readonly revision?: unknown; readonly value?: unknown }
    if (typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0) {
      return { by: 'revision', revision }
    }
    if (revision === undefined && 'value' in expected) return { by: 'value', value: encodeValue(value) }
  }
  throw new UsageError('expected is null (absent), what get gave (its revision from 0), or { value } to compare with')
}

/**
 * Each value fits a command alone, but the one expected and the new one may not fit together: throws ValueTooLargeError.
 */
export function checkTogether(key: Uint8Array, expected: Expected, { bytes }: Value): void {
  if (expected.by !== 'value') return
  const both = expected.value.bytes.byteLength + bytes.byteLength
  const most = commandBytesMax - casOverheadBytes - key.byteLength
  if (both > most) {
    throw new ValueTooLargeError(
      `the expected value and the new one have ${both} bytes, the limit is ${most}: expect a revision instead`,
    )
  }
}
