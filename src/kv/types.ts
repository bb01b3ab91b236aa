/** What the key-value store understands. A value is (type, bytes), and two values are equal when both are. */

/** 0: raw bytes, 1: text (UTF-8), 2: msgpack. Servers never look inside. */
export type ValueType = 0 | 1 | 2
export const valueTypes = { bytes: 0, text: 1, msgpack: 2 } as const

export interface Value {
  readonly type: ValueType
  readonly bytes: Uint8Array
}

/** What a compare-and-set compares with. */
export type Expected =
  | { readonly by: 'absent' }
  | { readonly by: 'value'; readonly value: Value }
  | { readonly by: 'revision'; readonly revision: number }

export type KvCommand =
  | { readonly op: 'put'; readonly key: Uint8Array; readonly value: Value }
  | { readonly op: 'delete'; readonly key: Uint8Array }
  | { readonly op: 'cas'; readonly key: Uint8Array; readonly expected: Expected; readonly value: Value }

/**
 * `ok`: done, and `revision` is that of the record now (of the deletion, for a delete). `not-found`: a delete found
 * nothing, revision 0. `mismatch`: a compare-and-set did not match; `revision` is that of the record as it stands, 0 if
 * absent. `invalid`: the bytes were no command, nothing was done.
 */
export interface KvResult {
  readonly status: 'ok' | 'not-found' | 'mismatch' | 'invalid'
  readonly revision: number
}

export type KvQuery =
  | { readonly op: 'get'; readonly key: Uint8Array }
  | {
      readonly op: 'scan'
      readonly prefix: Uint8Array
      /** Only keys above this one (the last of the page before); empty for the first page. */
      readonly after: Uint8Array
      readonly limit: number
      /** The answer stays below this; at least one record is given all the same. */
      readonly bytesMax: number
    }

export interface KvRecord {
  readonly key: Uint8Array
  readonly value: Value
  readonly revision: number
}

export type KvAnswer =
  | { readonly op: 'get'; readonly found: { readonly value: Value; readonly revision: number } | null }
  | {
      readonly op: 'scan'
      /** Of the whole store, when this page was read. */
      readonly revision: number
      readonly records: readonly KvRecord[]
      /** More keys with the prefix follow. */
      readonly more: boolean
    }
  | { readonly op: 'invalid' }
