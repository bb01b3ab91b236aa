/** What a compare-and-set expects, from what a program gives to what a command holds. */
import type { Expected } from '../kv/types.js'
import { UsageError } from './errors.js'
import { encodeValue } from './values.js'

/** What a compare-and-set expects to find: nothing, the revision of a record that `get` gave, or an equal value. */
export type ExpectedValue = null | { readonly revision: number } | { readonly value: unknown }

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
