/** raftgram check FILE: is the history of a workload linearizable? */
import { Worker } from 'node:worker_threads'
import type { NotLinearizable } from '../src/sim/linearizability/linearizability.js'
import type { Part, WindowLine } from '../src/sim/linearizability/violation.js'
import { describeOperation } from '../src/sim/linearizability/violation.js'
import type { CheckResult, CheckTask } from './check-worker.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus, usageError } from './exit-status.js'
import { seconds, withDefault } from './option.js'
import { quoted } from './output.js'
import { table } from './table.js'
import { askedToEnd } from './signals.js'

export const checkCommand = defineCommand({
  name: 'check',
  words: ['FILE'],
  describe: 'Check that a history of operations is linearizable',
  details: `
FILE has one line of JSON per operation, as workload writes it; - reads the standard input. Exit
status 0: linearizable. 1: not; the key and the first impossible answer are named. 2: FILE is no
history. 3: undecided, for time or memory ran out or FILE holds no operations, which is no pass.`,
  options: {
    timeoutS: withDefault('Give up after so many seconds', seconds, '600'),
  },
  examples: [['check history.jsonl', 'what workload --history wrote']],
  async run({ words: [word], options, output }) {
    const path = word?.text ?? ''
    const { timeoutS } = options
    const file = path === '-' && word?.isLiteral === false ? 0 : path
    const { verdict, ms, reason, window } = await check({ file, timeoutS }, path)
    if (verdict.operations === 0) {
      output.failure('undecided', `${path} holds no operations: nothing was decided`, { operations: 0, keys: 0, ms })
      return exitStatus.unavailable
    }
    const counted = `operations: ${verdict.operations}, keys: ${verdict.keys}, ${ms} ms`
    switch (verdict.verdict) {
      case 'linearizable':
        output.result({ ok: true, ...verdict, ms }, `linearizable (${counted})`)
        return exitStatus.done
      case 'undecided': {
        const { why, undecidedKeys } = verdict
        const cause =
          why === 'timeout' ? `no verdict within ${options.timeoutS} s: try a larger --timeout-s` : 'out of memory'
        output.failure('undecided', `undecided on ${undecidedKeys.length} keys: ${cause} (${counted})`, {
          ...verdict,
          ms,
        })
        return exitStatus.unavailable
      }
      case 'not-linearizable': {
        const { impossible, ...fields } = verdict
        const lines = window.map(({ operation, part }) => ({ part, ...operation }))
        output.result(
          { ok: false, error: 'not-linearizable', ...fields, operation: impossible, reason, window: lines, ms },
          `not linearizable (${counted})\n${explanation(verdict, reason)}\n\n${drawn(window)}`,
        )
        return exitStatus.no
      }
    }
  },
})

/** Has it checked by a thread. Throws a usage error for a file that is no history, and when it is interrupted. */
async function check(task: CheckTask, path: string): Promise<Exclude<CheckResult, { unreadable: string }>> {
  const worker = new Worker(new URL('./check-worker.js', import.meta.url), { workerData: task })
  const found = new Promise<CheckResult>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const result = await Promise.race([found, askedToEnd()])
  await worker.terminate()
  if (typeof result === 'string') throw new CommandError('unavailable', 'interrupted: nothing was decided')
  if ('unreadable' in result) throw usageError(`${path}: ${result.unreadable}`)
  return result
}

function explanation({ key, impossible, isFirst }: NotLinearizable, reason: string): string {
  const which = isFirst ? 'the first impossible answer' : 'an impossible answer (time ran out on the way to the first)'
  const asked = `line ${impossible.line}, client ${impossible.client}, ${describeOperation(impossible)}`
  return `key ${quoted(key)}: ${which} is\n  ${asked}\n  ${reason}`
}

const partMarks: Readonly<Record<Part, string>> = {
  impossible: '>>',
  writer: 'w',
  overlapping: '|',
  before: '',
}

function drawn(window: readonly WindowLine[]): string {
  const rows = window.map(({ operation, part }) => [
    partMarks[part],
    String(operation.line),
    String(operation.client),
    String(operation.start),
    operation.end === undefined ? 'open' : String(operation.end),
    describeOperation(operation),
  ])
  const drawnRows = table(['', 'line', 'client', 'start', 'end', 'operation'], rows, ['line', 'start', 'end'])
  return `${drawnRows}\n(>> impossible, | overlaps it, w wrote what it found, the rest ended before it)`
}
