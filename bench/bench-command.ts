/** What the benchmarks that start servers of their own share: their options, how they are told, how they end. */
import { splitArguments } from '../bin/arguments.js'
import type { ExitStatus } from '../bin/exit-status.js'
import { CommandError, codeOfError, exitStatus, exitStatusOf, messageOfError, usageError } from '../bin/exit-status.js'
import type { Option, Options, Values } from '../bin/option.js'
import { dashed, flag, readOption } from '../bin/option.js'
import { Output, handleOutputErrors } from '../bin/output.js'
import { askedToEnd } from '../bin/signals.js'

/** Every benchmark knows these. */
export interface CommonOptions extends Options {
  readonly json: Option<boolean>
  readonly help: Option<boolean>
}

export const help = flag('This text')

export interface BenchCommand<O extends CommonOptions> {
  /** Its file below dist/. */
  readonly file: string
  readonly options: O
  /** What the help says behind the options. */
  readonly details?: string
  /** `end` never resolves, and rejects when the process is asked to end. `serveOptions` stood behind `--`. */
  run(settings: Values<O>, serveOptions: readonly string[], end: Promise<never>, output: Output): Promise<ExitStatus>
}

/** Runs a benchmark as the process that it is: reads its command line, and sets the exit status. */
export async function runBench<O extends CommonOptions>(command: BenchCommand<O>): Promise<void> {
  handleOutputErrors()
  try {
    process.exitCode = await main(command, process.argv.slice(2))
  } catch (error) {
    const code = codeOfError(error)
    new Output(process.argv.includes('--json')).failure(code, messageOfError(error))
    // What was measured until then may have sockets open: the process would live on for them, and say nothing any more.
    process.exit(exitStatusOf(code))
  }
}

async function main<O extends CommonOptions>(command: BenchCommand<O>, typed: readonly string[]): Promise<ExitStatus> {
  const { options } = command
  const { words, given } = splitArguments(typed, options, `node dist/${command.file}`)
  const settings = Object.fromEntries(
    Object.entries<Option<unknown>>(options).map(([name, option]) => [name, valueOf(name, option, given)]),
  ) as Values<O>
  const { help: isHelp, json } = settings as Values<CommonOptions>
  if (isHelp) {
    process.stdout.write(helpText(command))
    return exitStatus.done
  }
  const stray = words.find(({ isLiteral }) => !isLiteral)
  if (stray !== undefined) throw usageError(`'${stray.text}' is no option: those of raftgram serve stand behind --`)
  const end = askedToEnd().then((): never => {
    throw new CommandError('unavailable', 'interrupted: everything is taken down')
  })
  // It may come where nobody waits for it: who waits next meets it.
  end.catch(() => undefined)
  const serveOptions = words.map(word => word.text)
  return command.run(settings, serveOptions, end, new Output(json))
}

/** The conditions of a run on one line; what does not apply is left out. */
export function told(conditions: object): string {
  return Object.entries(conditions)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' ') || '-' : String(value)}`)
    .join(', ')
}

function valueOf(name: string, option: Option<unknown>, given: ReadonlyMap<string, string>): unknown {
  const typed = given.get(dashed(name))
  return typed === undefined ? option.fallback : readOption(`--${dashed(name)}`, option, typed)
}

function helpText({ file, options, details = '' }: BenchCommand<CommonOptions>): string {
  const lines = Object.entries<Option<unknown>>(options).map(([name, { describe, fallbackText }]) => {
    // A path of this machine says nothing.
    const fallback = fallbackText === undefined || fallbackText.startsWith('/') ? '' : ` (${fallbackText})`
    return `  --${dashed(name).padEnd(14)}${describe}${fallback}\n`
  })
  return `node dist/${file} [options] [-- options of raftgram serve]\n\n${lines.join('')}${details}`
}
