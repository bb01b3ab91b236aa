/** raftgram workload: random concurrent clients, and the history of what they saw. */
import { randomBytes } from 'node:crypto'
import { HistoryFile } from '../bench/history.js'
import type { Operation } from '../bench/history.js'
import type { Mix } from '../bench/workload-client.js'
import { WorkloadClient, readAll } from '../bench/workload-client.js'
import { WorkloadSummary } from '../bench/workload-summary.js'
import { Prng } from '../src/base/prng.js'
import { Client } from '../src/client/client.js'
import { clientOptions, connection } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus, messageOfError } from './exit-status.js'
import { optional, positive, required, seconds, text, whole, withDefault } from './option.js'
import { showProgress } from './progress.js'
import { refuseUnwritableUntouched, unwritable } from './refuse-unwritable.js'
import { askedToEnd } from './signals.js'

export const workloadCommand = defineCommand({
  name: 'workload',
  words: [],
  describe: 'Run random concurrent clients against a cluster and write the history of what they saw',
  details: `
Each line of the history is one operation, with the times of its request and its answer and whether it succeeded,
failed, or has an unknown outcome. Clients keep going while servers are killed or cut off. In the end every key is
read once more. Every run uses keys of its own, so what a cluster holds already does not matter.`,
  options: {
    ...clientOptions,
    clients: withDefault('Clients, each with a session of its own', whole(1, 1_000), '8'),
    keys: withDefault('Keys; few make many conflicts', whole(1, 100_000), '5'),
    durationS: withDefault('How long', seconds, '10'),
    history: required('File to write the history to', text),
    mix: withDefault('Weights of the operations', readMix, 'put=4,get=4,cas=2,delete=1'),
    seed: optional('Equal seeds ask for the same things; drawn where it is not given', whole(0)),
    rate: optional('Operations per second of all clients at most', positive),
  },
  examples: [
    ['workload --history history.jsonl', ''],
    ['workload --clients 10 --keys 20 --duration-s 60 --mix put=1,get=1 --history h.jsonl', ''],
  ],
  async run({ options, output }) {
    const { clients: size, durationS, mix, rate } = options
    const seed = options.seed ?? randomBytes(4).readUInt32BE()
    // What cannot be written is told before a cluster is waited for, and one that is not there before an old history is lost.
    refuseUnwritableUntouched(options.history, 'history')
    const to = connection(options)
    await (await Client.connect(to)).close()
    const history = openHistory(options.history)
    const run = randomBytes(4).toString('hex')
    const keys = Array.from({ length: options.keys }, (_, at) => `workload/${run}/${at}`)

    const originNs = process.hrtime.bigint()
    const nowNs = () => Number(process.hrtime.bigint() - originNs)
    const summary = new WorkloadSummary(nowNs())
    const onOperation = (operation: Operation) => {
      history.add(operation)
      summary.add(operation)
    }
    const common = { connection: to, keys, nowNs, onOperation }
    const intervalMs = rate === undefined ? 0 : (1_000 * size) / rate
    const clients = Array.from(
      { length: size },
      (_, name) => new WorkloadClient({ ...common, name, mix, intervalMs, prng: new Prng(seed, name) }),
    )
    const progress = showProgress(durationS * 1_000, () => summary.operations)
    const timer = setTimeout(() => clients.forEach(client => client.stop()), durationS * 1_000)
    void askedToEnd().then(() => clients.forEach(client => client.abort()))
    try {
      await Promise.all(clients.map(client => client.run()))
      const result = summary.conclude(nowNs())
      progress.stop()
      let finalReads = 0
      const onFinalRead = (operation: Operation) => {
        history.add(operation)
        finalReads++
      }
      await readAll({ ...common, onOperation: onFinalRead }).catch((error: unknown) => {
        output.note(`raftgram: the last read of every key is missing: ${messageOfError(error)}`)
      })
      const { operations, succeeded, unknown, failed, opsPerSec, p50Ms, p99Ms, maxMs, longestGapMs } = result
      const people = [
        `${operations} operations: ${succeeded} ok, ${unknown} unknown, ${failed} failed; ${opsPerSec} ok per second`,
        `latency p50 ${p50Ms} ms, p99 ${p99Ms} ms, longest ${maxMs} ms; longest time without a success ${longestGapMs} ms`,
        `history in ${options.history}: these and ${finalReads} last reads, one of each key; seed ${seed}`,
      ]
      const verdict = succeeded > 0 ? { ok: true } : { ok: false, error: 'unavailable' }
      output.result({ ...verdict, ...result, finalReads, history: options.history, seed }, people.join('\n'))
      return succeeded > 0 ? exitStatus.done : exitStatus.unavailable
    } finally {
      clearTimeout(timer)
      progress.stop()
      history.close()
    }
  },
})

function openHistory(file: string): HistoryFile {
  try {
    return new HistoryFile(file)
  } catch (error) {
    throw unwritable(file, 'history', error)
  }
}

/** "put=4,get=4": weights; what is not named does not happen. */
function readMix(typed: string): Mix {
  const mix = { put: 0, get: 0, cas: 0, delete: 0 }
  for (const part of typed.split(',')) {
    const [, op, weight] = /^(put|get|cas|delete)=(\d{1,6})$/.exec(part) ?? []
    if (op === undefined) throw new Error(`must be weights as in put=4,get=4,cas=2,delete=1, not '${typed}'`)
    mix[op as keyof Mix] = Number(weight)
  }
  if (mix.put + mix.get + mix.cas + mix.delete === 0) throw new Error(`must have a weight above 0, unlike '${typed}'`)
  return mix
}
