/** What programs give to a client and get from it. No behaviour lives here. */
import type { PendingLimits } from './pending.js'
import type { ValueTypeName } from './values.js'

export interface ClientOptions {
  /** Servers as "HOST:PORT", in an array or with commas between. One that answers is enough: it names the others. */
  readonly endpoints: string | readonly string[]
  /** How long a call may take, connecting included, in ms. Default 5000. */
  readonly timeoutMs?: number
  /** What may be outstanding and waiting; beyond it calls are refused as `busy`. */
  readonly limits?: Partial<PendingLimits>
  /** Payload bytes of a datagram on every path, where what is found out by default is wrong. */
  readonly datagramBytesMax?: number
}

export interface CallOptions {
  /** How long this call may take, in ms. Default: the client's. */
  readonly timeoutMs?: number
  /** Gives the call up when aborted, as its timeout would: a write that was sent has then an unknown outcome. */
  readonly signal?: AbortSignal
}

export interface ReadOptions extends CallOptions {
  /** Answered by whichever server is asked, from what it has applied: quicker, and perhaps old. Default false. */
  readonly stale?: boolean
}

export interface ScanOptions extends ReadOptions {
  /** So many records at most. Default: all. */
  readonly limit?: number
}

/** A value, and the revision at which it was written. Revisions grow with every write to the store. */
export interface Found {
  readonly value: unknown
  readonly revision: number
  readonly type: ValueTypeName
}

/** A value as it is stored. */
export interface FoundRaw {
  readonly bytes: Uint8Array
  readonly revision: number
  readonly type: ValueTypeName
}

export interface ScannedRecord extends Found {
  /** A string where the key is UTF-8, else its bytes. */
  readonly key: string | Uint8Array
}
