/** Options that were not typed: from the environment, then from the configuration file. What was typed goes before both. */
import { readFileSync } from 'node:fs'
import { whyPath } from '../src/base/path-error.js'
import { messageOfError, usageError } from './exit-status.js'
import type { Options } from './option.js'
import { dashed, environmentName, environmentPrefix, unknownOption } from './option.js'
import { suggestion } from '../src/base/suggestion.js'

type Environment = Readonly<Record<string, string | undefined>>

export interface Setting {
  readonly text: string
  /** Where it stood, as messages name it. */
  readonly source: string
}

/**
 * The texts of `options` from the environment and the file, by dashed name. `everyOption` holds those of all commands: a
 * file may serve several commands, but a key that none of them knows is a mistake.
 */
export function readSettings(
  options: Options,
  everyOption: Options,
  environment: Environment,
  configFile: string | undefined,
): Map<string, Setting> {
  const settings = new Map<string, Setting>()
  const configured = configFile === undefined ? new Map<string, string>() : readConfigFile(configFile, everyOption)
  for (const name of Object.keys(options)) {
    const key = dashed(name)
    const variable = environmentName(name)
    const fromEnvironment = environment[variable]
    const fromFile = configured.get(key)
    if (fromEnvironment !== undefined) settings.set(key, { text: fromEnvironment, source: variable })
    else if (fromFile !== undefined) settings.set(key, { text: fromFile, source: `--${key} in ${configFile}` })
  }
  return settings
}

/**
 * A line for each RAFTGRAM_... that no option has but that is nearly one's. Others may be somebody else's: nothing is said of
 * them. `everyOption` is asked only where the command itself does not know one, because that takes long.
 */
export async function mistypedVariables(
  options: Options,
  everyOption: () => Promise<Options>,
  environment: Environment,
): Promise<string[]> {
  const strangersTo = (known: Options) => {
    const names = new Set(Object.keys(known).map(environmentName))
    return Object.keys(environment).filter(name => name.startsWith(environmentPrefix) && !names.has(name))
  }
  if (strangersTo(options).length === 0) return []
  const every = await everyOption()
  const known = Object.keys(every)
    .filter(name => !every[name]!.isHidden)
    .map(name => environmentName(name).slice(environmentPrefix.length))
  return strangersTo(every).flatMap(name => {
    const nearest = suggestion(name.slice(environmentPrefix.length), known, environmentPrefix)
    return nearest === '' ? [] : [`${name} in the environment is no option and has no effect${nearest}`]
  })
}

/** The file is one JSON object; its keys are option names, dashed or in camelCase. */
function readConfigFile(file: string, everyOption: Options): Map<string, string> {
  let content: unknown
  try {
    // Some editors begin a file with a byte-order mark.
    content = JSON.parse(readFileSync(file, 'utf8').replace(/^\u{feff}/u, ''))
  } catch (error) {
    if (error instanceof SyntaxError)
      throw usageError(`--config: cannot read ${file} as JSON: ${messageOfError(error)}`)
    throw usageError(`--config: cannot read ${file}: ${whyPath(error)}: name a JSON file`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw usageError(`--config: ${file} must hold one JSON object, as in {"endpoints": "127.0.0.1:7401"}`)
  }
  const configured = new Map<string, string>()
  for (const [key, value] of Object.entries(content)) {
    const name = dashed(key)
    if (!/^[a-z][a-zA-Z0-9-]*$/.test(key)) {
      throw usageError(
        `--config: ${file} has ${JSON.stringify(key)}, which is no option: KEY, VALUE and so on are typed`,
      )
    }
    if (['help', 'version', 'config'].includes(name)) {
      throw usageError(`--config: ${file} has "${key}", which can only be typed: take it out`)
    }
    const option = Object.entries(everyOption).find(([known]) => dashed(known) === name)?.[1]
    if (option === undefined) unknownOption(name, everyOption, ` in ${file}`)
    if (option.isFlag && typeof value !== 'boolean') {
      throw usageError(`--${name} in ${file} must be true or false, not ${JSON.stringify(value)}`)
    }
    configured.set(name, textOf(value, name, file))
  }
  return configured
}

function textOf(value: unknown, name: string, file: string): string {
  const isPlain = (part: unknown): part is string | number | boolean =>
    ['string', 'number', 'boolean'].includes(typeof part)
  if (isPlain(value)) return String(value)
  if (Array.isArray(value) && value.every(isPlain)) return value.join(',')
  throw usageError(`--${name} in ${file} must be text, a number, true or false, or an array of these`)
}
