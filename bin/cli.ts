/** The command line as a whole: finds the command, reads its options, runs it, and turns whatever happens into a status. */
import type { Word } from './arguments.js'
import { isOption, splitArguments, takeCommandName } from './arguments.js'
import type { Command } from './command.js'
import type { CommandTable } from './command-table.js'
import type { ExitStatus } from './exit-status.js'
import { CommandError, codeOfError, exitStatus, exitStatusOf, messageOfError, usageError } from './exit-status.js'
import type { Options } from './option.js'
import { dashed, readOption } from './option.js'
import { Output } from './output.js'
import { mistypedVariables, readSettings } from './settings.js'
import { suggestion } from '../src/base/suggestion.js'
import { packageVersion } from './version.js'

/** Runs what was typed and returns the exit status. Throws nothing: what goes wrong is one line on stderr. */
export async function runCommandLine(typed: readonly string[], commands: CommandTable): Promise<ExitStatus> {
  const speaking: Speaking = { output: new Output(seemsToWantJson(typed)) }
  try {
    return await dispatch(typed, commands, speaking)
  } catch (error) {
    return reportFailure(error, speaking.output)
  }
}

/** One line for whatever was thrown, and the status that goes with it. */
export function reportFailure(error: unknown, output: Output): ExitStatus {
  const code = codeOfError(error)
  const fields = error instanceof CommandError ? error.fields : {}
  output.failure(code, messageOfError(error) + placeOf(error, code), fields)
  return exitStatusOf(code)
}

/** Of what nobody foresaw: where it happened, for the report of a bug; all of it for whoever asks. */
function placeOf(error: unknown, code: string): string {
  if (code !== 'internal' || !(error instanceof Error) || error.stack === undefined) return ''
  if (process.env['RAFTGRAM_LOG_LEVEL'] === 'debug') process.stderr.write(`${error.stack}\n`)
  const first = /^ +(at .*)$/m.exec(error.stack)?.[1]
  return first === undefined ? '' : ` (${first}; RAFTGRAM_LOG_LEVEL=debug says more)`
}

/** How failures are told: by a guess at first, as the options say once they are read. */
interface Speaking {
  output: Output
}

async function dispatch(typed: readonly string[], commands: CommandTable, speaking: Speaking): Promise<ExitStatus> {
  // Only options before the name need all commands, to tell which of them takes the next word.
  const first = typed[0] ?? ''
  const needsOptions = isOption(first) && first !== '--version'
  const [name, rest] = takeCommandName(typed, needsOptions ? await optionsOf(commands) : {})
  const command = name === null ? undefined : await commands.load(name)
  if (command === undefined && name !== null && name !== '-h') {
    throw usageError(
      `unknown command '${name}'${suggestion(name, commands.names) || ': raftgram --help lists them all'}`,
    )
  }
  if (wantsHelpOrVersion(name, rest, command)) {
    if (rest.includes('--version')) speaking.output.result({ ok: true, version: packageVersion() }, packageVersion())
    else await tellHelp(command === undefined ? await commands.loadAll() : command)
    return exitStatus.done
  }
  if (command === undefined) {
    splitArguments(rest, await optionsOf(commands))
    throw usageError('which command? raftgram --help lists them, raftgram dev starts a cluster to try them on')
  }

  const { words, given: typedTexts } = splitArguments(rest, command.options, `raftgram ${command.name}`)
  const configFile = typedTexts.get('config') ?? process.env['RAFTGRAM_CONFIG']
  const everyOption = configFile === undefined ? command.options : await optionsOf(commands)
  for (const line of await mistypedVariables(command.options, () => optionsOf(commands), process.env)) {
    speaking.output.note(`raftgram: ${line}`)
  }
  const settings = readSettings(command.options, everyOption, process.env, configFile)
  const given = new Map([...[...settings].map(([key, { text }]) => [key, text] as const), ...typedTexts])
  const sourceOf = (key: string) => (typedTexts.has(key) ? undefined : settings.get(key)?.source) ?? `--${key}`
  checkWords(command, words)
  const values = readValues(command, given, sourceOf)
  speaking.output = new Output(values['json'] === true)
  return command.run(words, values, given, speaking.output)
}

/** Those of all commands. */
async function optionsOf(commands: CommandTable): Promise<Options> {
  const all = await commands.loadAll()
  return Object.assign({}, ...all.map(({ options }) => options)) as Options
}

/** The values of the options. */
function readValues(
  command: Command,
  given: ReadonlyMap<string, string>,
  sourceOf: (key: string) => string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(command.options)) {
    const key = dashed(name)
    const typed = given.get(key)
    if (option.isRequired && typed === undefined) {
      throw usageError(
        `${command.name} needs --${key} (${lowerFirst(option.describe)}); see raftgram ${command.name} --help`,
      )
    }
    values[name] = typed === undefined ? option.fallback : readOption(sourceOf(key), option, typed)
  }
  return values
}

function checkWords({ name, words: names }: Command, words: readonly Word[]): void {
  // What is not valid UTF-8 reaches a program as this character: what was typed is lost.
  const spoilt = words.find(({ text }) => text.includes('\u{fffd}'))
  if (spoilt !== undefined) {
    throw usageError(`'${spoilt.text}' is not valid UTF-8, as words must be: bytes are put from stdin, with - as VALUE`)
  }
  const needed = names.filter(word => !word.startsWith('[')).length
  if (words.length >= needed && words.length <= names.length) return
  const wanted = names.length === 0 ? 'no words' : names.join(' ')
  const found = words.length === 0 ? 'none' : words.map(({ text }) => `'${text}'`).join(' ')
  throw usageError(`${name} takes ${wanted}, not ${found}; see raftgram ${name} --help`)
}

/** Before the options are read. */
function seemsToWantJson(typed: readonly string[]): boolean {
  return beforeDashes(typed).includes('--json') || ['1', 'true'].includes(process.env['RAFTGRAM_JSON'] ?? '')
}

function beforeDashes(typed: readonly string[]): readonly string[] {
  const end = typed.indexOf('--')
  return end < 0 ? typed : typed.slice(0, end)
}

/** -h is a word to commands that take words. */
function wantsHelpOrVersion(name: string | null, rest: readonly string[], command: Command | undefined): boolean {
  if (name === '-h' || (command?.words.length === 0 && rest.includes('-h'))) return true
  return beforeDashes(rest).some(argument => argument === '--help' || argument === '--version')
}

/** What renders it takes longer to load than most commands take to run. */
async function tellHelp(of: Command | readonly Command[]): Promise<void> {
  const { showHelp } = await import('./help.js')
  await showHelp(of)
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
