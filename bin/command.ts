/** What a command is: a name, words, options, and a function that ends with an exit status. One file per command. */
import type { Word } from './arguments.js'
import type { ExitStatus } from './exit-status.js'
import type { Option, Options, Values } from './option.js'
import { flag, oneOf, optional, text, withDefault } from './option.js'
import type { Output } from './output.js'

/** Those of every command. */
export const commonOptions = {
  json: flag('Machine-readable: one JSON object per line on stdout, nothing else there'),
  logLevel: withDefault(
    'Least level of the log on stderr',
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
  ),
  config: optional('JSON file with options: {"timeout-ms": 2000}', text),
} satisfies Options

export interface Context<O extends Options> {
  readonly words: readonly Word[]
  readonly options: Values<O & typeof commonOptions>
  /** Text of the options that were given, by any means, by dashed name: to hand them on to another process. */
  readonly given: ReadonlyMap<string, string>
  readonly output: Output
}

interface Definition<O extends Options> {
  readonly name: string
  /** Names of the words as --help shows them; in brackets those that may be left out: ['KEY', '[VALUE]']. */
  readonly words: readonly string[]
  readonly describe: string
  /** More of it, for `COMMAND --help`. */
  readonly details?: string
  readonly options: O
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[]
  readonly run: (context: Context<O>) => Promise<ExitStatus>
}

/** A command whose options are not known to the compiler any more. */
export interface Command extends Omit<Definition<Options>, 'run'> {
  /** Every option, the common ones too. */
  readonly options: Options
  readonly run: (
    words: readonly Word[],
    values: Readonly<Record<string, unknown>>,
    given: ReadonlyMap<string, string>,
    output: Output,
  ) => Promise<ExitStatus>
}

/** Checks a command against its options at compile time, and forgets their types for the list of all commands. */
export function defineCommand<O extends Record<string, Option<unknown>>>(definition: Definition<O>): Command {
  return {
    ...definition,
    options: { ...definition.options, ...commonOptions },
    run: (words, values, given, output) =>
      // The values were read by these very options, each by its own `parse`.
      definition.run({ words, options: values as Values<O & typeof commonOptions>, given, output }),
  }
}
