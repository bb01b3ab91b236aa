/** The command line as a whole: finds the command, reads its options, runs it, and turns whatever happens into a status. */
import yargs from 'yargs'
import type { Word } from './arguments.js'
import { isOption, splitArguments, takeCommandName } from './arguments.js'
import type { Command } from './command.js'
import { commonOptions } from './command.js'
import type { CommandTable } from './command-table.js'
import type { ExitStatus } from './exit-status.js'
import { CommandError, codeOfError, exitStatus, exitStatusOf, messageOfError, usageError } from './exit-status.js'
import type { Options } from './option.js'
import { dashed, readOption } from './option.js'
import { Output } from './output.js'
import { mistypedVariables, readSettings } from './settings.js'
import { suggestion } from './suggestion.js'
import { packageVersion } from './version.js'

const epilogue = `Options also come from the environment (RAFTGRAM_TIMEOUT_MS) and from --config FILE; what is typed goes first.
Exit status: 0 done; 1 a definite no (not found, no match, refused); 2 wrong usage; 3 unavailable, or outcome unknown.`

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
  const isNameFirst = typed[0] !== undefined && !isOption(typed[0])
  const [name, rest] = takeCommandName(typed, isNameFirst ? {} : await optionsOf(commands))
  const command = name === null ? undefined : await commands.load(name)
  if (wantsHelpOrVersion(name, rest, command)) {
    const shown = command === undefined ? [] : [command.name]
    await parser(command === undefined ? await commands.loadAll() : [command], 'boolean').parseAsync([
      ...shown,
      helpOrVersion(rest),
    ])
    return exitStatus.done
  }
  if (name === null) {
    splitArguments(rest, await optionsOf(commands))
    throw usageError('which command? raftgram --help lists them, raftgram dev starts a cluster to try them on')
  }
  if (command === undefined) {
    throw usageError(
      `unknown command '${name}'${suggestion(name, commands.names) || ': raftgram --help lists them all'}`,
    )
  }

  const { words, given: typedTexts } = splitArguments(rest, command.options, `raftgram ${name}`)
  const configFile = typedTexts.get('config') ?? process.env['RAFTGRAM_CONFIG']
  const everyOption = configFile === undefined ? command.options : await optionsOf(commands)
  for (const line of await mistypedVariables(command.options, () => optionsOf(commands), process.env)) {
    speaking.output.note(`raftgram: ${line}`)
  }
  const settings = readSettings(command.options, everyOption, process.env, configFile)
  const given = new Map([...[...settings].map(([key, { text }]) => [key, text] as const), ...typedTexts])
  const sourceOf = (key: string) => (typedTexts.has(key) ? undefined : settings.get(key)?.source) ?? `--${key}`
  checkWords(command, words)
  const values = await readValues(command, given, sourceOf, words)
  speaking.output = new Output(values['json'] === true)
  return command.run(words, values, given, speaking.output)
}

/** Those of all commands. */
async function optionsOf(commands: CommandTable): Promise<Options> {
  const all = await commands.loadAll()
  return Object.assign({}, ...all.map(({ options }) => options)) as Options
}

/** The values of the options; to yargs the words are stood in for, so that it cannot touch them. */
async function readValues(
  command: Command,
  given: ReadonlyMap<string, string>,
  sourceOf: (key: string) => string,
  words: readonly Word[],
): Promise<Record<string, unknown>> {
  const texts = [...given].map(([name, text]) => `--${name}=${text}`)
  const argv = await parser([command], 'string').parseAsync([command.name, ...texts, ...words.map(() => 'WORD')])
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(command.options)) {
    const key = dashed(name)
    if (option.isRequired && !given.has(key)) {
      throw usageError(
        `${command.name} needs --${key} (${lowerFirst(option.describe)}); see raftgram ${command.name} --help`,
      )
    }
    values[name] = given.has(key) ? readOption(sourceOf(key), option, String(argv[key])) : option.fallback
  }
  return values
}

/**
 * Flags are booleans to whoever reads --help; to be read they are texts like all others: `--absent=maybe` is then refused
 * by the option itself, where yargs would take it for no.
 */
function parser(commands: readonly Command[], flagType: 'boolean' | 'string') {
  const whole = yargs([])
    .scriptName('raftgram')
    .usage('raftgram: a replicated key-value store, Raft over UDP\n\nUsage: $0 COMMAND [options]')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'short-option-groups': false,
    })
    .locale('en')
    .updateStrings({ 'Positionals:': 'Words:', string: 'value', boolean: 'flag' })
    .version(packageVersion())
    .exitProcess(false)
    .wrap(Math.min(process.stdout.columns || 110, 110))
    .epilogue(epilogue)
    .fail((message, error) => {
      throw (error as Error | undefined) ?? usageError(message)
    })
  for (const command of commands) {
    whole.command(
      [command.name, ...command.words.map(word => (word.startsWith('[') ? word : `<${word}>`))].join(' '),
      command.describe,
      builder => {
        builder.usage(usageOf(command))
        builder.epilogue(examplesOf(command))
        for (const [name, option] of Object.entries(command.options)) {
          const key = dashed(name)
          builder.option(key, {
            describe: option.describe,
            type: option.isFlag ? flagType : 'string',
            hidden: option.isHidden,
            group: name in commonOptions ? 'Everywhere:' : 'Options:',
            ...(option.fallbackText === undefined ? {} : { defaultDescription: option.fallbackText }),
          })
        }
        return builder
      },
      () => undefined,
    )
  }
  return whole
}

/** Its words and what it does. Line breaks within a paragraph are those of the source: the terminal has its own. */
function usageOf({ name, words, describe, details = '' }: Command): string {
  const paragraphs = details
    .trim()
    .split(/\n{2,}/)
    .map(paragraph => paragraph.replaceAll('\n', ' '))
  return [`Usage: ${['$0', name, ...words].join(' ')} [options]`, `${describe}.`, ...paragraphs].join('\n\n').trimEnd()
}

/** One below the other, each to be copied: beside one another, columns would break the long ones. */
function examplesOf({ examples }: Command): string {
  const lines = examples.flatMap(([commandLine, meaning]) => [
    ...(meaning === '' ? [] : [`  # ${meaning}`]),
    `  raftgram ${commandLine}`,
  ])
  return lines.length === 0 ? '' : ['Examples:', ...lines].join('\n')
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

function helpOrVersion(rest: readonly string[]): string {
  return rest.includes('--version') ? '--version' : '--help'
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
