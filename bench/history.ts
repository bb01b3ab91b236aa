/** The history of a workload as a file: one JSON object per line and operation, as docs and checkers expect it. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { writeFailed } from '../bin/refuse-unwritable.js'

/** `fail`: certainly had no effect. `unknown`: may have been executed, may yet be, or never. */
export type OperationStatus = 'ok' | 'fail' | 'unknown'

export interface Operation {
  readonly client: number | string
  readonly op: 'get' | 'put' | 'delete' | 'cas'
  readonly key: string
  readonly value?: string
  /** Of a cas; null: the key must be absent. */
  readonly expected?: string | null
  /** Of an ok get: the value or null; of an ok cas: whether it matched; of an ok delete: whether the key existed. */
  readonly output?: string | boolean | null
  /** Nanoseconds of one monotonic clock, taken before the request was made. */
  readonly start: number
  /** Taken when the answer was there; left out of `unknown`, which has no end. */
  readonly end?: number
  readonly status: OperationStatus
}

const bufferedCharactersMax = 64 * 1024

export class HistoryFile {
  private readonly file: string
  private readonly descriptor: number
  private lines: string[] = []
  private characters = 0

  /** Replaces what stood in the file. Throws what the file system says. */
  constructor(file: string) {
    this.file = file
    this.descriptor = openSync(file, 'w')
  }

  add(operation: Operation): void {
    const line = `${JSON.stringify(operation)}\n`
    this.lines.push(line)
    this.characters += line.length
    if (this.characters >= bufferedCharactersMax) this.flush()
  }

  close(): void {
    this.flush()
    closeSync(this.descriptor)
  }

  private flush(): void {
    const bytes = Buffer.from(this.lines.join(''))
    // A pipe or a nearly full disk may take less than all of it at once.
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.descriptor, bytes, at)
    } catch (error) {
      throw writeFailed(this.file, error)
    }
    this.lines = []
    this.characters = 0
  }
}
