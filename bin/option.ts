/**
 * Options as values: how each reads its text. Names are written once, in camelCase as TypeScript sees them; the command
 * line and the configuration file have `--election-timeout-ms`, the environment RAFTGRAM_ELECTION_TIMEOUT_MS.
 */
import { messageOfError, usageError } from './exit-status.js'
import { suggestion } from '../src/base/suggestion.js'

export interface Option<T> {
  readonly describe: string
  /** A flag is on or off and takes no text. */
  readonly isFlag: boolean
  /** The value of a text. Throws an Error whose message completes "--name ...". */
  readonly parse: (text: string) => T
  /** Where the option is not given. */
  readonly fallback: T
  /** The fallback as --help shows it; undefined: nothing to show. */
  readonly fallbackText: string | undefined
  readonly isRequired: boolean
  /** Not for people: left out of --help. */
  readonly isHidden: boolean
}

export type Options = Readonly<Record<string, Option<unknown>>>

/** The values of options by their names. */
export type Values<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never }

type Parse<T> = (text: string) => T

function make<T>(isFlag: boolean, describe: string, parse: Parse<T>, fallback: T, fallbackText?: string): Option<T> {
  return { describe, isFlag, parse, fallback, fallbackText, isRequired: false, isHidden: false }
}

/** Off unless given. */
export function flag(describe: string): Option<boolean> {
  return make<boolean>(true, describe, readBoolean, false)
}

/** Undefined unless given. */
export function optional<T>(describe: string, parse: Parse<T>): Option<T | undefined> {
  return make<T | undefined>(false, describe, parse, undefined)
}

/** `fallbackText` is read as if it had been typed. */
export function withDefault<T>(describe: string, parse: Parse<T>, fallbackText: string): Option<T> {
  return make(false, describe, parse, parse(fallbackText), fallbackText)
}

/** A command without it is refused. */
export function required<T>(describe: string, parse: Parse<T>): Option<T> {
  // Never read: a command without the option does not run.
  const fallback = undefined as T
  return { ...make(false, describe, parse, fallback), isRequired: true }
}

export function hidden<T>(option: Option<T>): Option<T> {
  return { ...option, isHidden: true }
}

/** Any text but none at all. */
export const text: Parse<string> = typed => {
  if (typed === '') throw new Error('must not be empty')
  return typed
}

/** A whole number, written with digits alone. */
export function whole(from: number, to: number = Number.MAX_SAFE_INTEGER): Parse<number> {
  return typed => {
    const value = Number(typed)
    if (!/^(0|[1-9]\d*)$/.test(typed) || value < from || value > to) {
      const range = to === Number.MAX_SAFE_INTEGER && !(value > to) ? `from ${from}` : `from ${from} to ${to}`
      throw new Error(`must be a whole number ${range}, not '${typed}'`)
    }
    return value
  }
}

/** A number with or without a fraction, above or from `from`. */
export function amount(from: number, to: number = Number.MAX_SAFE_INTEGER, isFromAllowed = true): Parse<number> {
  return typed => {
    const value = Number(typed)
    const isBelow = isFromAllowed ? value < from : value <= from
    if (!/^\d+(\.\d+)?$/.test(typed) || isBelow || value > to) {
      const range = `${isFromAllowed ? 'from' : 'above'} ${from}${to === Number.MAX_SAFE_INTEGER && !(value > to) ? '' : ` to ${to}`}`
      throw new Error(`must be a number ${range}, not '${typed}'`)
    }
    return value
  }
}

/** A share of all, 0 to 1. */
export const share: Parse<number> = amount(0, 1)

/** A time that is not 0. */
export const positive: Parse<number> = amount(0, Number.MAX_SAFE_INTEGER, false)

/** What a timer of Node takes; it fires at once for more. */
const timerMsMax = 2 ** 31 - 1

/** A time in ms that is not 0. */
export const milliseconds: Parse<number> = amount(0, timerMsMax, false)

const secondsMax = Math.floor(timerMsMax / 1_000)

/** A time in seconds that is not 0. */
export const seconds: Parse<number> = amount(0, secondsMax, false)

/** A time in seconds, or none. */
export const secondsOrNone: Parse<number> = amount(0, secondsMax)

/** "A..B", or "A" alone for A..A. */
export const range: Parse<{ readonly from: number; readonly to: number }> = typed => {
  const parts = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(typed)
  const from = Number(parts?.[1])
  const to = Number(parts?.[2] ?? from)
  if (parts === null || from > to) throw new Error(`must be A..B in ms with A not above B, as in 5..20, not '${typed}'`)
  return { from, to }
}

/** "FROM..TO" in whole numbers. */
export const wholeRange: Parse<{ readonly from: number; readonly to: number }> = typed => {
  const parts = /^(\d+)\.\.(\d+)$/.exec(typed)
  const [from, to] = [Number(parts?.[1]), Number(parts?.[2])]
  if (parts === null || from > to || to > Number.MAX_SAFE_INTEGER) {
    throw new Error(`must be FROM..TO with FROM not above TO, as in 1..1000, not '${typed}'`)
  }
  return { from, to }
}

export function oneOf<T extends string>(choices: readonly T[]): Parse<T> {
  return typed => {
    const choice = choices.find(candidate => candidate === typed)
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not '${typed}'`)
    return choice
  }
}

/** As the environment and the configuration file say on and off. */
function readBoolean(typed: string): boolean {
  if (['true', '1', 'yes', 'on'].includes(typed)) return true
  if (['false', '0', 'no', 'off', ''].includes(typed)) return false
  throw new Error(`is a flag: true or false, not '${typed}'`)
}

/** electionTimeoutMs -> election-timeout-ms */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

export const environmentPrefix = 'RAFTGRAM_'

/** electionTimeoutMs -> RAFTGRAM_ELECTION_TIMEOUT_MS */
export function environmentName(name: string): string {
  return `${environmentPrefix}${dashed(name).replaceAll('-', '_').toUpperCase()}`
}

/** The value of a text. `source`: where it stood, for whoever must mend it. */
export function readOption<T>(source: string, option: Option<T>, text: string): T {
  try {
    return option.parse(text)
  } catch (error) {
    throw usageError(`${source} ${messageOfError(error)}`)
  }
}

/** Refuses an option that is not there, with the nearest that is, or with what lists them all. */
export function unknownOption(typed: string, known: Options, where = '', program = 'raftgram'): never {
  // These are looked for before, as they are typed.
  if (typed === 'help' || typed === 'version') {
    throw usageError(`--${typed}${where} takes no value: type it alone, as in ${program} --${typed}`)
  }
  const names = Object.keys(known)
    .filter(name => !known[name]!.isHidden)
    .map(dashed)
  const nearest = suggestion(typed, [...names, 'help', 'version'], '--')
  throw usageError(`unknown option --${typed}${where}${nearest || `; see ${program} --help`}`)
}
