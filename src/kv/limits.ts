/**
 * The limits of the key-value store. They are those of codec/limits.ts, which this folder may not import (imports point
 * the other way); a test holds the two equal.
 */

/** Keys have 1 to this many bytes. */
export const keyBytesMax = 1_024

/** Values have 0 to this many bytes. */
export const valueBytesMax = 1_048_576

/** A whole command: the longest key, a value and the value compared with, and their headers. */
export const commandBytesMax = 2 * valueBytesMax + 2_048

/** A whole answer, whatever a scan asks for: enough for the longest key and value with their headers. */
export const answerBytesMax = valueBytesMax + 2_048

/** Records of a page of a scan, whatever is asked: they cost more than their bytes. */
export const pageRecordsMax = 1_000

/** Values up to this size stand in the arena (value-arena.ts), larger ones have arrays of their own, whose 200 bytes
 *  beside the value no longer matter. */
export const arenaValueBytesMax = 4_096
