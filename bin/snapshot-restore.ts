/** raftgram snapshot restore: the data directory of one server of a new cluster, out of a backup. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { Prng } from '../src/base/prng.js'
import { RealClock } from '../src/base/real-clock.js'
import { clusterIdOf, parseClusterList } from '../src/node/cluster-list.js'
import { ServerError } from '../src/node/server-error.js'
import { segmentBytes } from '../src/node/server-options.js'
import { nodeDisk } from '../src/storage/disk-node.js'
import { restoreDirectory, type RestoreOptions } from '../src/storage/restore-directory.js'
import { openedBackup } from './backup-output.js'
import { usageError } from './exit-status.js'
import { shellQuoted, type Output } from './output.js'

export interface RestoreSettings {
  readonly id: number
  readonly data: string
  readonly cluster: string
  readonly clusterName: string | undefined
}

export async function restoreBackup(path: string, settings: RestoreSettings, output: Output): Promise<void> {
  const { id, data, cluster } = settings
  const list = parseClusterList(cluster)
  const voters = list.members.map(member => member.id)
  if (!voters.includes(id))
    throw usageError(`server ${id} is not in the cluster list ${list.text}: add it, or mend --id`)
  checkNew(data)
  const { file, header } = await openedBackup(path)
  await new Promise<void>(resolve => file.close(() => resolve()))
  const { lastIncludedIndex, lastIncludedTerm } = header
  const hash = header.hash.toString(16)
  // Servers that were restored from different backups must never agree with each other on anything.
  const clusterName = settings.clusterName ?? `restored-${lastIncludedIndex}-${hash}`
  const clusterId = clusterIdOf(clusterName)
  if (clusterId === header.clusterId) {
    throw usageError(
      `the backup is of a cluster of that name, and two histories under one name could mix: choose another --cluster-name, ` +
        'or leave it out for one that follows from the backup',
    )
  }
  await restoreInto({
    backup: path,
    directory: data,
    serverId: id,
    voters,
    clusterId,
    clusterName,
    foundingCluster: list.text,
    segmentBytes,
    prng: new Prng(randomBytes(6).readUIntBE(0, 6)),
    clock: new RealClock(),
  })
  const serve = ['raftgram', 'serve', '--id', String(id), '--cluster', list.text, '--data', data].map(shellQuoted)
  const lines = [
    `restored ${data}: server ${id} of ${clusterName}, up to entry ${lastIncludedIndex} of term ${lastIncludedTerm}, hash ${hash}`,
    `restore the other servers (${voters.filter(voter => voter !== id).join(', ')}) from the same file, then start each:`,
    serve.join(' '),
  ]
  const fields = { data, id, clusterName, lastIncludedIndex, lastIncludedTerm, bytes: header.totalBytes, hash }
  output.result({ ok: true, ...fields }, (voters.length === 1 ? [lines[0], lines[2]] : lines).join('\n'))
}

function checkNew(data: string): void {
  if (!existsSync(data)) return
  if (!statSync(data).isDirectory()) throw usageError(`--data ${data} is no directory`)
  if (readdirSync(data).length === 0) return
  throw usageError(
    `--data ${data} is not empty: a backup is restored into a new directory, so that no other history is lost`,
  )
}

function restoreInto(options: RestoreOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    restoreDirectory(nodeDisk, options, error => {
      if (error === null) resolve()
      else reject(ServerError.ofStorage(error))
    })
  })
}
