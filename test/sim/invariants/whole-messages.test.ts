import t from 'tap'
import { WholeMessages } from '../../../src/sim/invariants/whole-messages.js'
import { bulkMessage, peerMessage } from '../../support/transports.js'

void t.test('a large message is handed out as it was said, to whomever, any number of times, or not at all', t => {
  const messages = new WholeMessages()
  messages.watches('a')
  const message = bulkMessage(1, 7, 5_000)
  messages.says('a', message)
  messages.hears('a', 'b', bulkMessage(1, 7, 5_000))
  messages.hears('a', 'b', message)
  t.equal(messages.handedOut, 2)
  const broken = {
    invariant: 'Whole Or Not At All',
    message: /^from a to . came a message AppendEntries of 5\d{3} bytes/,
  }
  messages.hears('a', 'c', message)
  const holed = bulkMessage(1, 7, 5_000)
  if (holed.type === 'AppendEntries') holed.entries[0]!.payload.fill(0, 1_200, 2_400)
  t.throws(() => messages.hears('a', 'b', holed), broken, 'a piece is zeros')
  messages.hears('a', 'b', peerMessage(1, 9))
  messages.hears('stranger', 'b', holed)
  t.equal(messages.handedOut, 4, 'small messages and strangers are no business of this rule')
  t.end()
})
