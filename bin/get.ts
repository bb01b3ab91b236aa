/** raftgram get KEY */
import { clientOptions, keyOf, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus } from './exit-status.js'
import { flag } from './option.js'
import { keyForPeople, valueFields } from './value-output.js'

export const getCommand = defineCommand({
  name: 'get',
  words: ['KEY'],
  describe: 'Read a value: its bytes to stdout, with a newline only to a terminal',
  details: `
A read sees every write that was answered before it was asked (it is linearizable); --stale asks any
server for what it has now, which may be old. Values that programs wrote as objects are msgpack:
--json shows them.`,
  options: {
    ...clientOptions,
    stale: flag('Read from whichever server answers; may be old'),
  },
  examples: [
    ['get config/mode', ''],
    ['get logo > logo.png', ''],
    ['get config/mode --json', '{"ok":true,"key":"config/mode","type":"text","value":"fast","revision":1}'],
  ],
  async run({ words: [word], options, output }) {
    const key = keyOf(word)
    return withClient(options, output, async (client, left) => {
      const found = await client.getRaw(key, { ...left(), stale: options.stale })
      if (found === null) {
        throw new CommandError('not-found', `not found: ${keyForPeople(key)}`, { key })
      }
      const { type, bytes, revision } = found
      if (output.isJson) output.result({ ok: true, key, ...valueFields(type, bytes), revision })
      else output.raw(bytes)
      return exitStatus.done
    })
  },
})
