/** A value from the standard input, for `put KEY -`. */
import { fstatSync, statSync } from 'node:fs'
import { valueBytesMax } from '../codec/limits.js'
import { CommandError, messageOfError, usageError } from './exit-status.js'

/** All bytes until its end; stops reading where it is more than a value may have. Throws a usage error where there is none. */
export async function readStdin(): Promise<Uint8Array> {
  checkStdin()
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > valueBytesMax) break
    }
  } catch (error) {
    throw unreadable(messageOfError(error))
  }
  if (length > valueBytesMax) {
    throw new CommandError(
      'value-too-large',
      `the value on stdin has more than ${valueBytesMax} bytes, which is the limit: split it over several keys`,
    )
  }
  // A view of its own: a Buffer is a Uint8Array to the store, but not to everyone who compares types.
  return new Uint8Array(Buffer.concat(chunks))
}

/**
 * Node reads a directory, and a stdin that is closed, as an empty stream, and an empty value would be stored. It replaces
 * a closed one by the null device, so that is refused too: who wants an empty value has other ways.
 */
function checkStdin(): void {
  let isDirectory: boolean
  let isNullDevice: boolean
  try {
    const stdin = fstatSync(0)
    isDirectory = stdin.isDirectory()
    isNullDevice = stdin.isCharacterDevice() && stdin.rdev === statSync('/dev/null').rdev
  } catch (error) {
    throw unreadable(messageOfError(error))
  }
  if (isDirectory) throw unreadable('it is a directory')
  if (isNullDevice) throw unreadable("it is closed or /dev/null; '' as VALUE is an empty value")
}

function unreadable(why: string): CommandError {
  return usageError(`cannot read the value from stdin: ${why}; nothing was written`)
}
