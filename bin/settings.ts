/** Options that were not typed: from the environment, then from the configuration file. What was typed goes before both. */
import { readFileSync } from 'node:fs'
import { messageOfError, usageError } from './exit-status.js'
import type { Options } from './option.js'
import { dashed, environmentName, unknownOption } from './option.js'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The texts of `options` from the environment and the file, by dashed name. `everyOption` holds those of all commands: a
 * file may serve several commands, but a key that none of them knows is a mistake.
 */
export function readSettings(
  options: Options,
  everyOption: Options,
  environment: Environment,
  configFile: string | undefined,
): Map<string, string> {
  const settings = new Map<string, string>()
  const configured = configFile === undefined ? new Map<string, string>() : readConfigFile(configFile, everyOption)
  for (const name of Object.keys(options)) {
    const text = environment[environmentName(name)] ?? configured.get(dashed(name))
    if (text !== undefined) settings.set(dashed(name), text)
  }
  return settings
}

/** The file is one JSON object; its keys are option names, dashed or in camelCase. */
function readConfigFile(file: string, everyOption: Options): Map<string, string> {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw usageError(`--config: cannot read ${file} as JSON: ${messageOfError(error)}`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw usageError(`--config: ${file} must hold one JSON object, as in {"endpoints": "127.0.0.1:7401"}`)
  }
  const configured = new Map<string, string>()
  for (const [key, value] of Object.entries(content)) {
    const name = dashed(key)
    if (!Object.keys(everyOption).some(known => dashed(known) === name)) unknownOption(name, everyOption, ` in ${file}`)
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
