/** raftgram put KEY VALUE */
import { clientOptions, keyOf, valueOf, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus } from './exit-status.js'
import { readStdin } from './stdin.js'
import { valueFields } from './value-output.js'

export const putCommand = defineCommand({
  name: 'put',
  words: ['KEY', 'VALUE'],
  describe: 'Write a value',
  details: `
KEY and VALUE are taken exactly as typed, as text. A VALUE of - reads stdin and keeps its bytes;
what stands behind -- is always taken as it is.`,
  options: clientOptions,
  examples: [
    ['put config/mode fast', ''],
    ['put logo - < logo.png', 'the bytes of a file'],
    ['put flags -- --verbose', 'a value that begins with --'],
  ],
  async run({ words: [keyWord, valueWord], options, output }) {
    const key = keyOf(keyWord)
    const isStdin = valueWord?.text === '-' && !valueWord.isLiteral
    const stored = isStdin ? await readStdin() : valueOf(valueWord)
    return withClient(options, output, async (client, left) => {
      const { revision } = await client.put(key, stored, left())
      const shown = typeof stored === 'string' ? { type: 'text', value: stored } : valueFields('bytes', stored)
      output.result({ ok: true, key, ...shown, revision }, `written, revision ${revision}`)
      return exitStatus.done
    })
  },
})
