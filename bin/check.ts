/** raftgram check FILE: is the history of a workload linearizable? */
import { readFileSync } from 'node:fs'
import type { Operation } from '../src/sim/history.js'
import { HistoryError, parseHistory } from '../src/sim/history.js'
import type { NotLinearizable } from '../src/sim/linearizability.js'
import { checkHistory } from '../src/sim/linearizability.js'
import type { Part } from '../src/sim/violation.js'
import { describeOperation, reasonOf, windowAround } from '../src/sim/violation.js'
import { defineCommand } from './command.js'
import { codeOfError, exitStatus, messageOfError, usageError } from './exit-status.js'
import { positive, withDefault } from './option.js'
import { quoted, table } from './output.js'

export const checkCommand = defineCommand({
  name: 'check',
  words: ['FILE'],
  describe: 'Check that a history of operations is linearizable',
  details: `
FILE has one line of JSON per operation, as workload writes it; - reads the standard input. Exit
status 0: linearizable. 1: not; the key and the first impossible answer are named. 2: FILE is no
history. 3: undecided, for time or memory ran out, which is no pass.`,
  options: {
    timeoutS: withDefault('Give up after so many seconds', positive, '600'),
  },
  examples: [['check history.jsonl', 'what workload --history wrote']],
  // eslint-disable-next-line @typescript-eslint/require-await
  async run({ words, options, output }) {
    const operations = readHistory(words[0]?.text ?? '', words[0]?.isLiteral ?? false)
    const startMs = performance.now()
    const verdict = checkHistory(operations, () => performance.now() - startMs > options.timeoutS * 1_000)
    const ms = Math.round(performance.now() - startMs)
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
        const reason = reasonOf(impossible, operations)
        const window = windowAround(impossible, operations)
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

/** The operations of a file; usage errors for one that cannot be read or is malformed. */
function readHistory(path: string, isLiteral: boolean): Operation[] {
  try {
    return parseHistory(linesOf(readFileSync(path === '-' && !isLiteral ? 0 : path)))
  } catch (error) {
    if (!(error instanceof HistoryError) && codeOfError(error) === 'internal') throw error
    throw usageError(`${path}: ${messageOfError(error)}`)
  }
}

/** One line at a time, so that a file may be longer than a string can be. */
function* linesOf(bytes: Buffer): Generator<string> {
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(0x0a, from)
    const to = newline < 0 ? bytes.length : newline
    yield bytes.toString('utf8', from, to)
    from = to + 1
  }
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

function drawn(window: ReturnType<typeof windowAround>): string {
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
