/** raftgram snapshot: what an operator does with snapshots, by the word behind it. */
import { serverIdMax } from '../codec/limits.js'
import { clientOptions } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus, usageError, type ExitStatus } from './exit-status.js'
import { flag, milliseconds, optional, text, whole, withDefault } from './option.js'
import type { Output } from './output.js'
import { restoreBackup } from './snapshot-restore.js'
import { saveBackup } from './snapshot-save.js'
import { takeSnapshots } from './snapshot-take.js'
import { verifyBackup } from './snapshot-verify.js'
import { suggestion } from '../src/base/suggestion.js'

const acts = ['save', 'restore', 'verify']

export const snapshotCommand = defineCommand({
  name: 'snapshot',
  words: ['[ACT]', '[FILE]'],
  describe: 'Take snapshots, save a backup of a running cluster, restore one',
  details: `
Without ACT every server that can be reached takes a snapshot of what it has applied, or only --id N, and shortens its
log. Servers do so by themselves, too (--snapshot-every-mib of serve). Exit status 1 where one has no room for it, 3 where
none answers.

save FILE: a backup of the running cluster. It holds every write that was acknowledged before the command began; the
cluster serves on. FILE appears when all of it is on the disk and was read back. It is a whole cluster: keys, revisions
and the sessions of clients.

restore FILE --data DIR --id N --cluster LIST: makes the data directory of one server of a new cluster whose history begins
with the backup. Do so for every server of the list with the same FILE, then start them with serve and the same --cluster.
DIR must not hold anything. The new cluster gets a name of its own (--cluster-name, by default restored- and the
backup's entry and hash), which its directories keep, so it never talks to servers of the old one, nor to a server
that was restored from another backup.

verify FILE: checks every checksum and the hash, loads it, and says what is in it. Exit status 1 where it is damaged.`,
  options: {
    ...clientOptions,
    timeoutMs: withDefault('Give up when no answer came for so many ms', milliseconds, '60000'),
    id: optional('Only this server; with restore: whose directory is made', whole(1, serverIdMax)),
    force: flag('save: overwrite FILE'),
    data: optional('restore: directory to make', text),
    cluster: optional('restore: every server of the new cluster, ID=HOST:PORT,...', text),
    clusterName: optional('restore: name of the new cluster', text),
  },
  examples: [
    ['snapshot', 'every server takes one now'],
    ['snapshot save backup.snapshot --endpoints 10.0.0.1:7401', 'a backup while the cluster runs'],
    ['snapshot verify backup.snapshot', ''],
    [
      'snapshot restore backup.snapshot --data /var/lib/raftgram --id 1 --cluster 1=10.0.0.1:7401,2=10.0.0.2:7401,3=10.0.0.3:7401',
      'on each server with its own id',
    ],
  ],
  async run({ words, options, output }): Promise<ExitStatus> {
    const [act, file] = words.map(word => word.text)
    if (act === undefined) return takeSnapshots(options, output)
    if (!acts.includes(act)) {
      throw usageError(`unknown '${act}' behind snapshot${suggestion(act, acts) || `: ${acts.join(', ')}, or nothing`}`)
    }
    if (file === undefined || file === '') throw usageError(`snapshot ${act} takes FILE, as in backup.snapshot`)
    if (act === 'save') return saveBackup(file, options, output)
    if (act === 'verify') return verifyBackup(file, output)
    return restore(file, options, output)
  },
})

interface Given {
  readonly id: number | undefined
  readonly data: string | undefined
  readonly cluster: string | undefined
  readonly clusterName: string | undefined
}

async function restore(file: string, { id, data, cluster, clusterName }: Given, output: Output): Promise<ExitStatus> {
  if (data === undefined) throw usageError('snapshot restore needs --data DIR, the directory to make')
  if (id === undefined) throw usageError('snapshot restore needs --id N, the server whose directory is made')
  if (cluster === undefined) throw usageError('snapshot restore needs --cluster ID=HOST:PORT,..., all servers to be')
  await restoreBackup(file, { id, data, cluster, clusterName }, output)
  return exitStatus.done
}
