/** What --help shows, of the command line or of one command: the words are the commands' own, yargs sets them in columns. */
import yargs from 'yargs'
import type { Command } from './command.js'
import { commonOptions } from './command.js'
import { dashed } from './option.js'
import { packageVersion } from './version.js'

const epilogue = `Options also come from the environment (RAFTGRAM_TIMEOUT_MS) and from --config FILE; what is typed goes first.
Exit status: 0 done; 1 a definite no (not found, no match, refused); 2 wrong usage; 3 unavailable, or outcome unknown.`

/** To stdout: the options and examples of one command, or what several of them do. */
export async function showHelp(of: Command | readonly Command[]): Promise<void> {
  const [commands, name] = 'name' in of ? [[of], [of.name]] : [of, []]
  const whole = yargs([])
    .scriptName('raftgram')
    .usage('raftgram: a replicated key-value store, Raft over UDP\n\nUsage: $0 COMMAND [options]')
    .locale('en')
    .updateStrings({ 'Positionals:': 'Words:', string: 'value', boolean: 'flag' })
    .version(packageVersion())
    .exitProcess(false)
    .wrap(Math.min(process.stdout.columns || 110, 110))
    .epilogue(epilogue)
  for (const command of commands) {
    whole.command(
      [command.name, ...command.words.map(word => (word.startsWith('[') ? word : `<${word}>`))].join(' '),
      command.describe,
      builder => {
        builder.usage(usageOf(command))
        builder.epilogue(examplesOf(command))
        for (const [optionName, option] of Object.entries(command.options)) {
          builder.option(dashed(optionName), {
            describe: option.describe,
            type: option.isFlag ? 'boolean' : 'string',
            hidden: option.isHidden,
            group: optionName in commonOptions ? 'Everywhere:' : 'Options:',
            ...(option.fallbackText === undefined ? {} : { defaultDescription: option.fallbackText }),
          })
        }
        return builder
      },
      () => undefined,
    )
  }
  await whole.parseAsync([...name, '--help'])
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
