/** The data directory of a stopped server, as `log` and `verify` look at it: nothing is written. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ServerError } from '../src/node/server-error.js'
import { nodeDisk } from '../src/storage/disk-node.js'
import type { Inspection } from '../src/storage/inspect.js'
import { inspect } from '../src/storage/inspect.js'
import { usageError } from './exit-status.js'
import { required, text } from './option.js'

export const dataOptions = {
  data: required('Data directory of one stopped server', text),
}

/** Reads the whole directory. Throws a usage error for one that is none, or that a running server uses. */
export function inspectDirectory(directory: string): Promise<Inspection> {
  checkDirectory(directory)
  return new Promise((resolve, reject) => {
    inspect(nodeDisk, directory, (error, inspection) => {
      if (inspection !== null) resolve(inspection)
      else reject(error === null ? new Error(`nothing was read of ${directory}`) : ServerError.ofStorage(error))
    })
  })
}

/** Of these a server's directory has some, however damaged it is. */
const ownNames = ['identity', 'identity.tmp', 'hard-state', 'log', 'snapshots', 'lock']

function checkDirectory(directory: string): void {
  if (!existsSync(directory)) throw usageError(`--data ${directory} does not exist`)
  if (!statSync(directory).isDirectory()) throw usageError(`--data ${directory} is no directory`)
  const names = readdirSync(directory)
  // As `dev` makes it: a directory of directories, one per server.
  const servers = names.filter(name => /^\d+$/.test(name) && existsSync(join(directory, name, 'lock')))
  if (servers.length > 0) {
    throw usageError(
      `--data ${directory} holds the data of several servers: choose one, as in ${join(directory, servers[0]!)}`,
    )
  }
  if (names.length > 0 && !names.some(name => ownNames.includes(name))) {
    throw usageError(`--data ${directory} holds nothing of raftgram: name the directory of one server`)
  }
  if (names.length === 0) throw usageError(`--data ${directory} is empty: no server has used it`)
}
