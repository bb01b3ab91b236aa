/** Options for servers, typed behind `--`, are read before anything is made: a slip would be told by every server of every cell. */
import { splitArguments } from '../bin/arguments.js'
import { messageOfError, usageError } from '../bin/exit-status.js'
import { dashed, readOption } from '../bin/option.js'
import { serveCommand } from '../bin/serve.js'

/** Given to each server by whoever starts it. */
const ownOptions = ['--id=1', '--cluster=list', '--data=directory', '--json', '--end-with-parent']

/** Refuses what `raftgram serve` of this build would. */
export function checkServeOptions(typed: readonly string[]): void {
  try {
    const { words, given } = splitArguments([...ownOptions, ...typed], serveCommand.options, 'raftgram serve')
    const [word] = words
    if (word !== undefined) throw usageError(`'${word.text}' is no option`)
    for (const [name, option] of Object.entries(serveCommand.options)) {
      const text = given.get(dashed(name))
      if (text !== undefined) readOption(`--${dashed(name)}`, option, text)
    }
  } catch (error) {
    throw usageError(`behind --, for raftgram serve: ${messageOfError(error)}`)
  }
}
