import t from 'tap'
import { appendEntriesOverheadBytes } from '../../codec/peer-messages.js'
import { commandsOverheadBytes } from '../../codec/commands.js'
import { entryHeaderBytes } from '../../codec/entry.js'
import { envelopeBytes } from '../../codec/envelope.js'
import { entryBytesMax, updatePaths } from '../../src/node/peer-paths.js'
import type { Raft } from '../../src/raft/raft.js'
import type { Link } from '../../src/transport/types.js'

function link(serverId: number, datagramBytesMax: number, windowBytes: number, isAtWork = false): Link {
  return { serverId, datagramBytesMax, windowBytes, isAtWork } as Link
}

/** What the core is told. */
function told(peers: readonly Link[]): unknown[] {
  const calls: unknown[] = []
  const raft = {
    setPath: (...words: unknown[]) => calls.push(['path', ...words]),
    pathAtWork: (...words: unknown[]) => calls.push(['at work', ...words]),
  }
  updatePaths(raft as unknown as Raft, peers, 7)
  return calls
}

void t.test(
  'the core is told what a datagram to each peer holds beside its heads, and how much may be on its way',
  t => {
    const overheadBytes = envelopeBytes + appendEntriesOverheadBytes
    t.same(told([link(2, 1_200, 100_000.5), link(3, 1_472, 1_000, true)]), [
      ['path', 2, 1_200 - overheadBytes, 100_000],
      ['path', 3, 1_472 - overheadBytes, 65_536],
      ['at work', 7, 3],
    ])
    t.end()
  },
)

void t.test('an entry of several commands fits one datagram of the smallest path, with all heads', t => {
  const headsBytes = envelopeBytes + appendEntriesOverheadBytes + entryHeaderBytes + commandsOverheadBytes
  t.equal(entryBytesMax([link(2, 1_472, 0), link(3, 1_200, 0)]), 1_200 - headsBytes)
  t.equal(entryBytesMax([]), 65_536, 'no datagram bounds those of a server without peers')
  t.end()
})
