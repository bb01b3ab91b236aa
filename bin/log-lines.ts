/** Lines of pino on stderr: JSON as it is to a pipe or a file, one readable line per event to a terminal. */

const levelNames: ReadonlyMap<number, string> = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO '],
  [40, 'WARN '],
  [50, 'ERROR'],
  [60, 'FATAL'],
])

interface PinoLine {
  readonly level: number
  readonly time: number
  readonly msg?: string
  readonly server?: number
}

/** Writes one line of pino's JSON, its newline included, as whoever reads stderr likes it. */
export function writeLogLine(line: string): void {
  process.stderr.write(process.stderr.isTTY ? readableLine(line) : line)
}

/** `12:03:11 INFO  [1] leads term 3: ...`, where 1 is the server; a line that is not pino's stays as it is. */
export function readableLine(line: string): string {
  const event = parsePinoLine(line)
  if (event === null) return line
  const { level, time, msg = '', server } = event
  const clock = new Date(time).toTimeString().slice(0, 8)
  const name = levelNames.get(level) ?? String(level)
  return `${clock} ${name} ${server === undefined ? '' : `[${server}] `}${msg}\n`
}

function parsePinoLine(line: string): PinoLine | null {
  try {
    const event: unknown = JSON.parse(line)
    const isPino = typeof event === 'object' && event !== null && 'level' in event && 'time' in event
    return isPino ? (event as PinoLine) : null
  } catch {
    return null
  }
}
