/** raftgram cas KEY EXPECTED NEW, raftgram cas KEY NEW --absent */
import { clientOptions, keyOf, valueOf, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus, usageError } from './exit-status.js'
import { flag } from './option.js'
import { keyForPeople } from './value-output.js'

export const casCommand = defineCommand({
  name: 'cas',
  words: ['KEY', 'EXPECTED', '[NEW]'],
  describe: 'Compare and set: write NEW only where the value is EXPECTED',
  details: `
With --absent the words are KEY NEW, and NEW is written only where there is no such key. EXPECTED and
NEW are text, taken exactly as typed; a value put from stdin is bytes and equals no text.`,
  options: {
    ...clientOptions,
    absent: flag('Expect the key to be absent'),
  },
  examples: [
    ['cas config/mode fast slow', 'fast -> slow'],
    ['cas leader me --absent', 'the first one wins'],
  ],
  async run({ words, options, output }) {
    const [keyWord, second, third] = words
    if (options.absent === (third !== undefined)) {
      throw usageError(
        options.absent
          ? 'cas --absent takes KEY NEW: there is no expected value'
          : 'cas takes KEY EXPECTED NEW, or KEY NEW --absent where the key must not exist yet',
      )
    }
    const key = keyOf(keyWord)
    const expected = valueOf(second)
    const value = valueOf(third ?? second)
    return withClient(options, output, async (client, left) => {
      const found = options.absent ? null : { value: expected }
      const { swapped, revision } = await client.compareAndSet(key, found, value, left())
      if (!swapped) {
        const now = revision === 0 ? 'it is absent' : `it has another value, of revision ${revision}`
        throw new CommandError('mismatch', `no match for ${keyForPeople(key)}: ${now}`, { key, revision })
      }
      output.result({ ok: true, key, type: 'text', value, revision }, `written, revision ${revision}`)
      return exitStatus.done
    })
  },
})
