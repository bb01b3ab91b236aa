/** raftgram delete KEY */
import { clientOptions, keyOf, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus } from './exit-status.js'
import { keyForPeople } from './value-output.js'

export const deleteCommand = defineCommand({
  name: 'delete',
  words: ['KEY'],
  describe: 'Delete a key',
  options: clientOptions,
  examples: [['delete config/mode', '']],
  async run({ words: [word], options, output }) {
    const key = keyOf(word)
    return withClient(options, output, async (client, left) => {
      const { existed, revision } = await client.delete(key, left())
      if (!existed) throw new CommandError('not-found', `not found: ${keyForPeople(key)}`, { key })
      output.result({ ok: true, key, revision }, `deleted, revision ${revision}`)
      return exitStatus.done
    })
  },
})
