/**
 * Where a command's words go: results to stdout, everything else to stderr. With --json a result is one object per line
 * and nothing else ever reaches stdout.
 */
import { getSystemErrorMap } from 'node:util'
import { exitStatus } from './exit-status.js'

/**
 * A reader that went away (`raftgram scan | head -1`) is no error: what is left to say is dropped. Where stdout fails
 * otherwise, as on a full disk, the process ends: what was asked for may be done, but its outcome could not be told.
 */
export function handleOutputErrors(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (stdoutIsClosed) return
    stdoutIsClosed = true
    if (error.code === 'EPIPE') return
    const [, why = error.message] = getSystemErrorMap().get(error.errno ?? 0) ?? []
    process.stderr.write(`raftgram: cannot write to stdout: ${why}\n`)
    process.exit(exitStatus.unavailable)
  })
  // There is nowhere left to say it.
  process.stderr.on('error', () => undefined)
}

let stdoutIsClosed = false

export class Output {
  readonly isJson: boolean

  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** Nobody reads any more: a command that prints much may stop. */
  get isClosed(): boolean {
    return stdoutIsClosed
  }

  /** A result: `object` with --json, `text` (if any) for people. */
  result(object: object, text?: string): void {
    if (this.isJson) this.write(`${toJson(object)}\n`)
    else if (text !== undefined) this.write(`${text}\n`)
  }

  /** The bytes as they are; a terminal gets the newline that its next prompt needs. */
  raw(bytes: Uint8Array): void {
    this.write(bytes)
    if (process.stdout.isTTY) this.write('\n')
  }

  /** Something that is not the result. */
  note(line: string): void {
    process.stderr.write(`${line}\n`)
  }

  /** Every failure, in one line. */
  failure(code: string, message: string, fields: object = {}): void {
    if (this.isJson) this.write(`${toJson({ ok: false, error: code, message, ...fields })}\n`)
    process.stderr.write(`raftgram: ${message}\n`)
  }

  private write(data: string | Uint8Array): void {
    if (!stdoutIsClosed) process.stdout.write(data)
  }
}

/** JSON on one line; what JSON does not know is written so that it can be told apart (bigint as decimal text). */
function toJson(object: object): string {
  return JSON.stringify(object, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

/** Text on one line for people: control characters and quotes as JSON writes them, cut at `charactersMax`. */
export function quoted(text: string, charactersMax = Infinity): string {
  if (text.length <= charactersMax) return JSON.stringify(text)
  // Not between the two halves of a surrogate pair.
  const cut = text.slice(0, charactersMax).replace(/[\uD800-\uDBFF]$/, '')
  return `${JSON.stringify(cut)}…`
}

/** A word as a POSIX shell takes it unchanged. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
