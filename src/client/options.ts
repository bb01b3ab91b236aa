/**
 * Options as programs give them, which the compiler may not have seen. They are checked whole, before anything is sent:
 * what is found wrong later would be thrown into the transport, at a time when nobody can catch it.
 */
import { shown } from '../base/shown.js'
import { unknownOption } from '../base/unknown-option.js'
import { datagramBytesLimit, datagramBytesUnknownPath, sequenceWindow } from '../../codec/limits.js'
import { UsageError } from './errors.js'
import type { PendingLimits } from './pending.js'
import { defaultPendingLimits } from './pending.js'

/** What every call is made with. */
export interface CheckedCall {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Of every call: one object may serve several, so what only some of them read is refused by none. */
const callOptions = ['timeoutMs', 'signal', 'stale', 'limit']

/** Throws UsageError unless it is an object that options can be read from, and holds none but those `known`. */
export function checkNames(options: unknown, known: readonly string[], what: string): asserts options is object {
  checkObject(options, what)
  const wrong = unknownOption(options, known, what)
  if (wrong !== null) throw new UsageError(wrong)
}

function checkObject(options: unknown, what: string): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw new UsageError(`${what} are an object, not ${shown(options)}`)
}

/** The options of one call. `timeoutMs`: the client's, where the call names none. Throws UsageError. */
export function checkCall(options: { timeoutMs?: unknown; signal?: unknown }, timeoutMs: number): CheckedCall {
  checkNames(options, callOptions, 'the options of a call')
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new UsageError(`signal is an AbortSignal, not ${shown(signal)}`)
  }
  return { timeoutMs: checkTimeout(options.timeoutMs ?? timeoutMs), signal }
}

/** Throws UsageError for what is no time. */
export function checkTimeout(timeoutMs: unknown): number {
  if (typeof timeoutMs === 'number' && timeoutMs > 0) return timeoutMs
  throw new UsageError(`timeoutMs is a number of milliseconds above 0, not ${shown(timeoutMs)}`)
}

/** Whether a read may be stale. Throws UsageError for what is neither true nor false. */
export function checkStale(options: { stale?: unknown }): boolean {
  checkObject(options, 'the options of a call')
  const { stale = false } = options
  if (typeof stale !== 'boolean') throw new UsageError(`stale is true or false, not ${shown(stale)}`)
  return stale
}

/** How many records a scan may give. Throws UsageError. */
export function checkScanLimit(options: { limit?: unknown }): number {
  checkObject(options, 'the options of a scan')
  const { limit = Infinity } = options
  if (limit === Infinity || (isWhole(limit) && limit >= 0)) return limit
  throw new UsageError(`the limit of a scan is a whole number from 0, not ${shown(limit)}`)
}

/** The limits with the default of each that is not given. Throws UsageError. */
export function checkLimits(limits: unknown = {}): PendingLimits {
  checkNames(limits, Object.keys(defaultPendingLimits), 'limits')
  const given = limits as Partial<Record<keyof PendingLimits, unknown>>
  const checked: Record<keyof PendingLimits, number> = { ...defaultPendingLimits }
  for (const name of Object.keys(checked) as (keyof PendingLimits)[]) {
    const limit = given[name] ?? checked[name]
    const most = name === 'outstandingMax' ? sequenceWindow - 1 : Number.MAX_SAFE_INTEGER
    if (!isWhole(limit) || limit < 1 || limit > most) {
      throw new UsageError(`limits.${name} is a whole number from 1 to ${most}, not ${shown(limit)}`)
    }
    checked[name] = limit
  }
  return checked
}

/** Payload bytes of a datagram, null for "find out". Throws UsageError. */
export function checkDatagramBytes(bytes: unknown): number | null {
  if (bytes === undefined) return null
  const [least, most] = [datagramBytesUnknownPath, datagramBytesLimit]
  if (isWhole(bytes) && bytes >= least && bytes <= most) return bytes
  throw new UsageError(`datagramBytesMax is a whole number from ${least} to ${most}, not ${shown(bytes)}`)
}

/**
 * A copy of bytes: while a request waits or is repeated its bytes must stay as they were, whatever becomes of the buffer.
 * Throws UsageError for all but a Uint8Array that can be read.
 */
export function copyOfBytes(bytes: unknown, what: string): Uint8Array {
  if (!ArrayBuffer.isView(bytes) || !(bytes instanceof Uint8Array)) {
    throw new UsageError(`${what} is a Uint8Array, not ${shown(bytes)}`)
  }
  try {
    return new Uint8Array(bytes)
  } catch (error) {
    throw new UsageError(`${what} cannot be read: was its buffer transferred to a worker?`, { cause: error })
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
