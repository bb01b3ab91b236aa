/** A file that a long run is to write is tried before the run, not after it. */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { whyPath } from '../src/base/path-error.js'
import { CommandError, codeOfError, usageError } from './exit-status.js'

/** Refuses the file of --`option` where it cannot be written; makes it where there is none. */
export function refuseUnwritable(file: string | undefined, option: string): void {
  if (file === undefined) return
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw unwritable(file, option, error)
  }
}

/** The same by a look alone, where something else may yet be wrong: nothing is made, and a reader at a pipe sees no end of it. */
export function refuseUnwritableUntouched(file: string, option: string): void {
  let isDirectory: boolean
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    isDirectory = found?.isDirectory() === true
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK)
  } catch (error) {
    throw unwritable(file, option, error)
  }
  if (isDirectory) throw unwritable(file, option, { code: 'EISDIR' })
}

/** Of a file that is written it is mostly the directory that is missing. */
export function unwritable(file: string, option: string, error: unknown): CommandError {
  const isMissing = codeOfError(error) === 'ENOENT'
  const why = isMissing ? `there is no directory ${dirname(file)}: make it first, or` : `${whyPath(error)}:`
  return usageError(`--${option} ${file} cannot be written: ${why} choose another file`)
}

/** Of a file that could be opened: a disk that is full, say. What was written so far stays. */
export function writeFailed(file: string, error: unknown): CommandError {
  return new CommandError('io', `cannot write all of ${file}: ${whyPath(error)}`)
}
