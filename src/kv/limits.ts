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

/** Values up to this size are kept as latin1 strings, larger ones as copied arrays. Measured: to make, a string of 256
 *  bytes costs a third of an array, one of 4 KiB the same, one of 16 KiB half as much again. */
export const stringValueBytesMax = 4_096
