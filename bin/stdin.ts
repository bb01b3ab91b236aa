/** A value from the standard input, for `put KEY -`. */
import { valueBytesMax } from '../codec/limits.js'
import { CommandError } from './exit-status.js'

/** All bytes until its end; stops reading where it is more than a value may have. */
export async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > valueBytesMax) {
      throw new CommandError(
        'value-too-large',
        `the value on stdin has more than ${valueBytesMax} bytes, which is the limit: split it over several keys`,
      )
    }
  }
  // A view of its own: a Buffer is a Uint8Array to the store, but not to everyone who compares types.
  return new Uint8Array(Buffer.concat(chunks))
}
