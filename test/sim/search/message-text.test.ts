/** The short text of a message tells it apart by every field that it has. */
import t from 'tap'
import type { Message } from '../../../src/raft/types.js'
import { messageText, messageWords } from '../../../src/sim/search/message-text.js'
import {
  accept,
  append,
  entriesOf,
  installSnapshot,
  metaOf,
  requestVote,
  snapshotReply,
  voteReply,
} from '../../support/raft-servers.js'

const messages: Message[] = [
  requestVote(1, 3, [5, 2]),
  voteReply(1, 3),
  append(1, 3, [2, 1], [3]),
  accept(1, 3, 2),
  { type: 'TimeoutNow', from: 1, term: 3 },
  installSnapshot(1, 3, [4, 2]),
  installSnapshot(1, 3, [4, 2], { data: Uint8Array.of(1) }),
  snapshotReply(1, 3, metaOf([4, 2])),
  snapshotReply(1, 3, metaOf([4, 2]), { persisted: true }),
]

void t.test('every field is in the text', t => {
  for (const message of messages) {
    const text = messageText({ to: 2, message })
    t.notMatch(text, /\s/)
    t.not(messageText({ to: 3, message }), text, 'to')
    t.ok(messageWords({ to: 2, message }).length > 5)
    for (const [name, value] of Object.entries(message) as [string, unknown][]) {
      if (name === 'type') continue
      const other = typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 10 : entriesOf([9], 3)
      t.not(messageText({ to: 2, message: { ...message, [name]: other } }), text, `${message.type}.${name}`)
    }
  }
  t.end()
})
