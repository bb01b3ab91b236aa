/**
 * Splits the command line into words (KEY, VALUE, PREFIX ...) and options, before any parser sees it: parsers of options
 * like to turn words into numbers, to take `-1` for an option and `-` for nothing, and a key-value store must take them
 * exactly as typed.
 *
 * An option begins with `--` and a letter, as `--name TEXT`, `--name=TEXT`, or `--name` for a flag. Everything else is a
 * word, a single dash in front included; behind `--` everything is a word, and not special in any other way either.
 */
import { usageError } from './exit-status.js'
import type { Options } from './option.js'
import { dashed, unknownOption } from './option.js'

export interface Word {
  readonly text: string
  /** It stood behind `--`: a lone `-` is then not the standard input. */
  readonly isLiteral: boolean
}

export interface Split {
  readonly words: readonly Word[]
  /** The text of every option given, by its dashed name; 'true' or 'false' for a flag. */
  readonly given: ReadonlyMap<string, string>
}

/** The first word of the line: the name of the command, and what else there is; `options` are those of any command. */
export function takeCommandName(typed: readonly string[], options: Options): [name: string | null, rest: string[]] {
  const byName = namesOf(options)
  for (let at = 0; at < typed.length; at++) {
    const argument = typed[at]!
    if (!isOption(argument)) return [argument, [...typed.slice(0, at), ...typed.slice(at + 1)]]
    const takesNext = !argument.includes('=') && byName.get(argument.slice(2))?.isFlag === false
    if (takesNext) at++
  }
  return [null, [...typed]]
}

/** Throws a usage error for an option that is unknown, given twice, or lacks its text. `program` --help lists them. */
export function splitArguments(typed: readonly string[], options: Options, program = 'raftgram'): Split {
  const byName = namesOf(options)
  const words: Word[] = []
  const given = new Map<string, string>()
  for (let at = 0; at < typed.length; at++) {
    const argument = typed[at]!
    if (argument === '--') {
      words.push(...typed.slice(at + 1).map(text => ({ text, isLiteral: true })))
      break
    }
    if (!isOption(argument)) {
      words.push({ text: argument, isLiteral: false })
      continue
    }
    const equals = argument.indexOf('=')
    const name = argument.slice(2, equals < 0 ? undefined : equals)
    const option = byName.get(name)
    if (option === undefined) unknownOption(name, options, '', program)
    if (given.has(name)) throw usageError(`--${name} is given twice: give it once`)
    if (equals >= 0) {
      given.set(name, argument.slice(equals + 1))
    } else if (option.isFlag) {
      given.set(name, 'true')
    } else {
      at++
      const next = typed[at]
      if (next === undefined || isOption(next) || next === '--') {
        throw usageError(`--${name} needs a value: --${name} VALUE, or --${name}=VALUE for one that begins with --`)
      }
      given.set(name, next)
    }
  }
  return { words, given }
}

export function isOption(argument: string): boolean {
  return /^--[A-Za-z]/.test(argument)
}

function namesOf(options: Options): ReadonlyMap<string, Options[string]> {
  return new Map(Object.entries(options).map(([name, option]) => [dashed(name), option]))
}
