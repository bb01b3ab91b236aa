/** What the process ends with. The numbers are promises to scripts; README.md has the same table. */

export const exitStatus = {
  done: 0,
  /** A definite no: key not found, compare-and-set did not match, verification failed, refused, a server broke. */
  no: 1,
  /** Wrong usage or configuration: nothing was started or written. */
  usage: 2,
  /**
   * Unavailable, or the outcome is unknown; undecided; no leader; stdout cannot be written. Also what a signal ended before
   * there was a result: its code is `unavailable` where nothing was done, `unknown-outcome` where a write had been sent.
   */
  unavailable: 3,
  /** `sim`: after the faults the cluster did not come to answer again. */
  noProgress: 4,
  /** `sim`: the program threw. */
  crash: 5,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/** Ends a command with one line for people, a code for scripts and the status that belongs to the code. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  /** What --json says besides. */
  readonly fields: object

  constructor(code: string, message: string, fields: object = {}) {
    super(message)
    this.code = code
    this.fields = fields
  }
}

export function usageError(message: string): CommandError {
  return new CommandError('usage', message)
}

/** What is wrong with the request itself ends with 2, what a later try may mend with 3, everything else is a no. */
const statusOfCode: Readonly<Record<string, ExitStatus>> = {
  usage: exitStatus.usage,
  'key-too-large': exitStatus.usage,
  'value-too-large': exitStatus.usage,
  unavailable: exitStatus.unavailable,
  'unknown-outcome': exitStatus.unavailable,
  'not-leader': exitStatus.unavailable,
  busy: exitStatus.unavailable,
  'no-space': exitStatus.unavailable,
  'no-leader': exitStatus.unavailable,
  undecided: exitStatus.unavailable,
}

export function exitStatusOf(code: string): ExitStatus {
  return statusOfCode[code] ?? exitStatus.no
}

/** The stable code of whatever was thrown; `internal` for what nobody foresaw. */
export function codeOfError(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'internal'
}

/** The message of whatever was thrown, as one line. */
export function messageOfError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s*\n\s*/g, ' ')
}
