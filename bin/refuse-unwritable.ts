/** A file that a long run is to write is tried before the run, not after it. */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CommandError, messageOfError, usageError } from './exit-status.js'

/** Refuses the file of --`option` where it cannot be written; makes it where there is none. */
export function refuseUnwritable(file: string | undefined, option: string): void {
  if (file === undefined) return
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    refuse(file, option, messageOfError(error))
  }
}

/** The same by a look alone, where something else may yet be wrong: nothing is made, and a reader at a pipe sees no end of it. */
export function refuseUnwritableUntouched(file: string, option: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) refuse(file, option, 'it is a directory')
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK)
  } catch (error) {
    if (error instanceof CommandError) throw error
    refuse(file, option, messageOfError(error))
  }
}

function refuse(file: string, option: string, why: string): never {
  throw usageError(`--${option} ${file} cannot be written: ${why}`)
}
