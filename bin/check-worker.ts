/**
 * The work of `check`, in a thread of its own: it computes without a pause, and a signal could not be heard meanwhile.
 * Reads the history, judges it, and posts what the command tells.
 */
import { readFileSync } from 'node:fs'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { whyPath } from '../src/base/path-error.js'
import { HistoryError, parseHistory } from '../src/sim/linearizability/history.js'
import type { Operation } from '../src/sim/linearizability/history.js'
import type { Verdict } from '../src/sim/linearizability/linearizability.js'
import { checkHistory } from '../src/sim/linearizability/linearizability.js'
import type { WindowLine } from '../src/sim/linearizability/violation.js'
import { reasonOf, windowAround } from '../src/sim/linearizability/violation.js'
import { codeOfError } from './exit-status.js'

export interface CheckTask {
  /** A path, or the descriptor of the standard input. */
  readonly file: string | 0
  readonly timeoutS: number
}

/** What was found; or why the file is no history, in `unreadable`. */
export type CheckResult =
  | { readonly unreadable: string }
  | { readonly verdict: Verdict; readonly ms: number; readonly reason: string; readonly window: WindowLine[] }

if (!isMainThread) parentPort?.postMessage(check(workerData as CheckTask))

function check({ file, timeoutS }: CheckTask): CheckResult {
  let operations: Operation[]
  try {
    operations = parseHistory(linesOf(readFileSync(file)))
  } catch (error) {
    if (error instanceof HistoryError) return { unreadable: error.message }
    if (codeOfError(error) === 'internal') throw error
    return { unreadable: `cannot be read: ${whyPath(error)}: name a file that workload --history has written` }
  }
  const startMs = performance.now()
  const verdict = checkHistory(operations, () => performance.now() - startMs > timeoutS * 1_000)
  const ms = Math.round(performance.now() - startMs)
  if (verdict.verdict !== 'not-linearizable') return { verdict, ms, reason: '', window: [] }
  const { impossible } = verdict
  return { verdict, ms, reason: reasonOf(impossible, operations), window: windowAround(impossible, operations) }
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
