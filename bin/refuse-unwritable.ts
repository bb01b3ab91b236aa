/** A file that a long run is to write is tried before the run, not after it. */
import { closeSync, openSync } from 'node:fs'
import { messageOfError, usageError } from './exit-status.js'

/** Refuses the file of --`option` where it cannot be written; makes it where there is none. */
export function refuseUnwritable(file: string | undefined, option: string): void {
  if (file === undefined) return
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw usageError(`--${option} ${file} cannot be written: ${messageOfError(error)}`)
  }
}
