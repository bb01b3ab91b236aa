/** raftgram scan [PREFIX] */
import { clientOptions, withClient } from './client-command.js'
import { defineCommand } from './command.js'
import { exitStatus } from './exit-status.js'
import { flag, optional, whole } from './option.js'
import { decodedValueFields, keyFields, keyForPeople, valueForPeople } from './value-output.js'
import { encodeValue } from '../src/client/values.js'

/** A line stays a line: longer values are cut for people, never with --json. */
const valueCharactersMax = 200

export const scanCommand = defineCommand({
  name: 'scan',
  words: ['[PREFIX]'],
  describe: 'List the records whose keys begin with PREFIX, in the order of their bytes',
  details: `
Without PREFIX all are listed. It is read page by page: what is written meanwhile may or may not be seen.
Long values are cut, except with --json.`,
  options: {
    ...clientOptions,
    limit: optional('So many records at most', whole(1)),
    stale: flag('Read from whichever server answers; may be old'),
  },
  examples: [
    ['scan config/', ''],
    ['scan --limit 10 --json', 'one JSON object per record'],
  ],
  run({ words: [prefix], options, output }) {
    return withClient(options, output, async client => {
      const { limit = Infinity, stale, timeoutMs } = options
      for await (const { key, value, type, revision } of client.scan(prefix?.text ?? '', { limit, stale, timeoutMs })) {
        // Nobody reads any more, as in `raftgram scan | head`.
        if (output.isClosed) break
        if (output.isJson) {
          output.result({ ok: true, ...keyFields(key), ...decodedValueFields(type, value), revision })
        } else {
          const { bytes } = encodeValue(value)
          output.result({}, `${keyForPeople(key)} = ${valueForPeople(type, bytes, valueCharactersMax)}`)
        }
      }
      return exitStatus.done
    })
  },
})
