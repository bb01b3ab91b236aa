import fc from 'fast-check'
import t from 'tap'
import { envelopeBytes } from '../../codec/envelope.js'
import { commandHeaderBytes, commandsOverheadBytes } from '../../codec/commands.js'
import { entryHeaderBytes, recordOf } from '../../codec/entry.js'
import { fragmentOverheadBytes } from '../../codec/fragment.js'
import {
  commandBytesMax,
  datagramBytesLoopback,
  datagramBytesUnknownPath,
  fragmentsMax,
  messageBytesMax,
  snapshotPieceBytesMax,
  votersMax,
} from '../../codec/limits.js'
import { appendEntriesOverheadBytes, peerMessageBytes } from '../../codec/peer-messages.js'
import { snapshotPieceBytes, type AppendEntries, type Entry, type Message } from '../../src/raft/types.js'
import { awkwardIds, hex, hexOf, join, recordWith, tooLargeIds, uint } from './bytes.js'
import {
  anyBytes,
  anyId,
  anyRecord,
  checkGolden,
  checkMessages,
  datagramOf,
  receive,
  receiveBytes,
  shownEntry,
} from './checks.js'
import { Bench } from '../support/raft-servers.js'

const from = 3
const idMax = Number.MAX_SAFE_INTEGER

/** (0, 0), or an index with a term of [1, currentTerm]. */
const placeInLog = (currentTerm: number): fc.Arbitrary<{ index: number; term: number }> =>
  currentTerm === 0
    ? fc.constant({ index: 0, term: 0 })
    : fc.oneof(
        fc.constant({ index: 0, term: 0 }),
        anyRecord({ index: anyId(1, idMax - 10), term: anyId(1, currentTerm) }),
      )

const requestVote: fc.Arbitrary<Message> = fc
  .tuple(anyId(1, idMax - 1), fc.boolean(), fc.boolean(), anyId(0, idMax))
  .chain(([currentTerm, preVote, leadershipTransfer, voterIncarnation]) => {
    // A pre-vote may come from a server that has never seen a term.
    const term = preVote ? currentTerm - 1 : currentTerm
    return placeInLog(term).map(last => ({
      type: 'RequestVote' as const,
      term,
      from,
      campaignTerm: preVote ? term + 1 : term,
      lastLogIndex: last.index,
      lastLogTerm: last.term,
      preVote,
      leadershipTransfer,
      voterIncarnation,
    }))
  })

const requestVoteReply: fc.Arbitrary<Message> = anyRecord({
  type: fc.constant('RequestVoteReply'),
  term: anyId(),
  from: fc.constant(from),
  campaignTerm: anyId(1),
  granted: fc.boolean(),
  preVote: fc.boolean(),
})

const appendEntries: fc.Arbitrary<Message> = anyId(1).chain(term =>
  placeInLog(term).chain(prev =>
    anyRecord({
      leaderCommit: anyId(),
      readRound: anyId(),
      matchIndex: anyId(),
      incarnation: anyId(),
      steps: fc.array(fc.tuple(anyId(0, term), anyBytes(30), fc.boolean()), { maxLength: 5 }),
    }).map(({ steps, ...numbers }): AppendEntries => {
      const terms = steps.map(([step]) => Math.max(step, prev.term, 1)).sort((a, b) => a - b)
      const entries = steps.map(([, payload, isNoop], at): Entry => {
        const index = prev.index + 1 + at
        return { index, term: terms[at]!, kind: isNoop ? 'noop' : 'commands', payload, record: null }
      })
      const [prevLogIndex, prevLogTerm] = [prev.index, prev.term]
      return { type: 'AppendEntries', term, from, prevLogIndex, prevLogTerm, ...numbers, entries }
    }),
  ),
)

const appendEntriesReply: fc.Arbitrary<Message> = anyId(1)
  .chain(term =>
    anyRecord({
      type: fc.constant('AppendEntriesReply' as const),
      term: fc.constant(term),
      from: fc.constant(from),
      prevLogIndex: anyId(),
      matchIndex: anyId(),
      rejected: fc.boolean(),
      conflictIndex: anyId(),
      conflictTerm: anyId(0, term),
      readRound: anyId(),
    }),
  )
  .map(reply => (reply.rejected ? reply : { ...reply, conflictIndex: 0, conflictTerm: 0 }))

const timeoutNow: fc.Arbitrary<Message> = anyId(1).map(term => ({ type: 'TimeoutNow', term, from }))

const meta = (term: number) =>
  anyRecord({
    lastIncludedIndex: anyId(1),
    lastIncludedTerm: anyId(1, term),
    voters: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 5 }),
    hash: anyId(),
  })

const installSnapshot: fc.Arbitrary<Message> = fc
  .tuple(anyId(1), anyBytes(30), anyId(0, idMax - 30), fc.nat(5))
  .chain(([term, data, offset, behind]) =>
    meta(term).map(fields => {
      const place = data.length === 0 ? { totalBytes: 0, offset: 0 } : { totalBytes: offset + data.length, offset }
      const totalBytes = data.length === 0 ? 0 : Math.min(place.totalBytes + behind, idMax)
      return { type: 'InstallSnapshot' as const, term, from, ...fields, ...place, totalBytes, data }
    }),
  )

const installSnapshotReply: fc.Arbitrary<Message> = anyId(1)
  .chain(term =>
    anyRecord({
      type: fc.constant('InstallSnapshotReply' as const),
      term: fc.constant(term),
      from: fc.constant(from),
      lastIncludedIndex: anyId(1),
      lastIncludedTerm: anyId(1, term),
      hash: anyId(),
      nextOffset: anyId(),
      received: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      persisted: fc.boolean(),
    }),
  )
  .map(reply => (reply.persisted ? { ...reply, received: 0 } : reply))

const families = {
  requestVote,
  requestVoteReply,
  appendEntries,
  appendEntriesReply,
  timeoutNow,
  installSnapshot,
  installSnapshotReply,
}
for (const [name, arbitrary] of Object.entries(families)) {
  void t.test(`B01, B02: ${name}: round trip, one form, every truncation and every flipped bit`, t => {
    checkMessages(t, 'peer', arbitrary)
    t.end()
  })
}

void t.test('golden bytes', t => {
  checkGolden(
    t,
    'peer',
    {
      type: 'RequestVote',
      term: 7,
      from,
      campaignTerm: 8,
      lastLogIndex: 2 ** 32 + 1,
      lastLogTerm: 6,
      preVote: true,
      leadershipTransfer: false,
      voterIncarnation: 0x1_0000_0002,
    },
    '01 290000 0700000000000000 0800000000000000 0100000001000000 0600000000000000 0200000001000000 01',
  )
  checkGolden(
    t,
    'peer',
    {
      type: 'RequestVote',
      term: 8,
      from,
      campaignTerm: 8,
      lastLogIndex: 0,
      lastLogTerm: 0,
      preVote: false,
      leadershipTransfer: true,
      voterIncarnation: 0,
    },
    '01 290000 0800000000000000 0800000000000000 0000000000000000 0000000000000000 0000000000000000 02',
  )
  checkGolden(
    t,
    'peer',
    { type: 'RequestVoteReply', term: 8, from, campaignTerm: 9, granted: true, preVote: false },
    '02 110000 0800000000000000 0900000000000000 01',
  )
  checkGolden(
    t,
    'peer',
    {
      type: 'AppendEntriesReply',
      term: 9,
      from,
      prevLogIndex: 1,
      matchIndex: 2,
      rejected: true,
      conflictIndex: 3,
      conflictTerm: 4,
      readRound: 5,
    },
    `04 310000 0900000000000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000
     0500000000000000 01`,
  )
  checkGolden(t, 'peer', { type: 'TimeoutNow', term: 0x1234, from }, '05 080000 3412000000000000')
  checkGolden(
    t,
    'peer',
    {
      type: 'InstallSnapshot',
      term: 7,
      from,
      lastIncludedIndex: 5,
      lastIncludedTerm: 6,
      voters: [1, 0x203],
      totalBytes: 4,
      hash: 8,
      offset: 2,
      data: hex('aabb'),
    },
    `06 480000 0700000000000000 0500000000000000 0600000000000000 0400000000000000 0800000000000000
     0200000000000000 0200 0100 0000000000000000 0302 0000000000000000 aabb`,
  )
  checkGolden(
    t,
    'peer',
    {
      type: 'InstallSnapshotReply',
      term: 7,
      from,
      lastIncludedIndex: 5,
      lastIncludedTerm: 6,
      hash: 8,
      nextOffset: 2,
      received: 0x80000001,
      persisted: false,
    },
    '07 2d0000 0700000000000000 0500000000000000 0600000000000000 0800000000000000 0200000000000000 01000080 00',
  )

  const records = join(
    recordWith({ index: 3, term: 2, payload: hex('aa') }),
    recordWith({ kind: 1, index: 4, term: 5 }),
  )
  const block = hexOf(records)
  const appended = receiveBytes(
    'peer',
    hex(
      '03 710000 0500000000000000 0200000000000000 0200000000000000 0100000000000000 0700000000000000 ' +
        `0600000000000000 0900000000000000 ${block}`,
    ),
  )
  const entries: Entry[] = [
    { index: 3, term: 2, kind: 'commands', payload: hex('aa'), record: records.slice(0, 29) },
    { index: 4, term: 5, kind: 'noop', payload: hex(''), record: records.slice(29) },
  ]
  const numbers = {
    term: 5,
    prevLogIndex: 2,
    prevLogTerm: 2,
    leaderCommit: 1,
    readRound: 7,
    matchIndex: 6,
    incarnation: 9,
  }
  const message: AppendEntries = { type: 'AppendEntries', from, ...numbers, entries }
  t.strictSame(appended, message)
  t.equal(hexOf(datagramOf('peer', [message])).slice(-block.length), block, 'the records are sent as they are')
  t.end()
})

/** AppendEntries field by field, after prevLog (2, term 2) in term 5 unless told otherwise. */
function append(
  fields: { term?: number | bigint; prevLogIndex?: number | bigint; prevLogTerm?: number | bigint } & {
    leaderCommit?: number | bigint
    readRound?: number | bigint
    matchIndex?: number | bigint
    incarnation?: number | bigint
  },
  ...records: readonly Uint8Array[]
): Uint8Array {
  const { term = 5, prevLogIndex = 2, prevLogTerm = 2, leaderCommit = 1, readRound = 0 } = fields
  const { matchIndex = 0, incarnation = 0 } = fields
  const ids = [term, prevLogIndex, prevLogTerm, leaderCommit, readRound, matchIndex, incarnation].map(id => uint(id, 8))
  const body = join(...ids, ...records)
  return join(uint(3, 1), uint(body.length, 3), body)
}

void t.test('AppendEntries: only what a log can take is accepted', t => {
  const record = (index: number | bigint, term: number | bigint) => recordWith({ index, term })
  const accepts = (what: string, message: Uint8Array) => t.not(receiveBytes('peer', message), null, what)
  const refuses = (what: string, message: Uint8Array) => t.equal(receiveBytes('peer', message), null, what)
  accepts('a heartbeat', append({}))
  accepts('entries that follow', append({}, record(3, 2), record(4, 5)))
  accepts('the very first entry', append({ prevLogIndex: 0, prevLogTerm: 0 }, record(1, 1)))
  accepts('the last index there is', append({ prevLogIndex: idMax - 1 }, record(idMax, 2)))
  refuses('one entry more than that', append({ prevLogIndex: idMax }, record(2n ** 53n, 2)))
  refuses('a gap after prevLogIndex', append({}, record(4, 2)))
  refuses('a repeated index', append({}, record(3, 2), record(3, 2)))
  refuses('a gap between entries', append({}, record(3, 2), record(5, 2)))
  refuses('entries in the wrong order', append({}, record(4, 2), record(3, 2)))
  refuses('a term below prevLogTerm', append({}, record(3, 1)))
  refuses('a term that decreases', append({}, record(3, 4), record(4, 3)))
  refuses('a term above the term of the leader', append({}, record(3, 6)))
  refuses('prevLogTerm above the term of the leader', append({ prevLogTerm: 6 }))
  refuses('a place with an index and no term', append({ prevLogTerm: 0 }))
  refuses('a place with a term and no index', append({ prevLogIndex: 0 }))
  refuses('a leader of term 0', append({ term: 0, prevLogIndex: 0, prevLogTerm: 0 }))
  refuses('a byte after the last record', append({}, record(3, 2), uint(0, 1)))
  refuses('zeros after the last record', append({}, record(3, 2), uint(0, 28)))
  refuses('half a record', append({}, record(3, 2).subarray(0, 20)))
  refuses('a damaged record', append({}, recordWith({ checksum: 1, index: 3, term: 2 })))
  refuses('a record that claims the next one', append({}, recordWith({ length: 57, index: 3, term: 2 }), record(4, 2)))
  refuses('a record that claims everything', append({}, recordWith({ length: 2 ** 32 - 1, index: 3, term: 2 })))
  for (const id of tooLargeIds) {
    for (const name of [
      'term',
      'prevLogIndex',
      'prevLogTerm',
      'leaderCommit',
      'readRound',
      'matchIndex',
      'incarnation',
    ]) {
      refuses(`${name} ${id.toString()}`, append({ [name]: id }))
    }
    refuses(`index ${id.toString()}`, append({}, record(id, 2)))
    refuses(`entry of term ${id.toString()}`, append({ term: idMax }, record(3, id)))
  }
  for (const id of awkwardIds.slice(1, -1)) {
    const wanted = { prevLogIndex: id, leaderCommit: id, readRound: id, entries: [{ index: id + 1 }] }
    const { prevLogIndex, leaderCommit, readRound } = wanted
    t.match(receiveBytes('peer', append({ prevLogIndex, leaderCommit, readRound }, record(id + 1, 2))), wanted)
  }
  t.end()
})

void t.test('the other messages: only what a server can mean is accepted', t => {
  const ids = (...values: readonly (number | bigint)[]) => join(...values.map(value => uint(value, 8)))
  const message = (type: number, ...body: Uint8Array[]) =>
    receiveBytes('peer', join(uint(type, 1), uint(join(...body).length, 3), ...body))

  t.not(message(1, ids(5, 5, 1, 1, 0), hex('00')), null, 'a vote')
  t.not(message(1, ids(0, 1, 0, 0, 0), hex('01')), null, 'a pre-vote of a server that never saw a term')
  t.equal(message(1, ids(5, 6, 1, 1, 0), hex('00')), null, 'a real campaign for another term than its own')
  t.equal(message(1, ids(5, 5, 1, 1, 0), hex('01')), null, 'a pre-vote for its own term')
  t.equal(message(1, ids(5, 7, 1, 1, 0), hex('01')), null, 'a pre-vote two terms ahead')
  t.equal(message(1, ids(idMax, 2n ** 53n, 1, 1, 0), hex('01')), null, 'a pre-vote after the last term there is')
  t.equal(message(1, ids(0, 0, 0, 0, 0), hex('00')), null, 'a campaign in term 0')
  t.equal(message(1, ids(5, 5, 1, 6, 0), hex('00')), null, 'a log from the future')
  t.equal(message(1, ids(5, 5, 0, 1, 0), hex('00')), null, 'a term without an index')
  t.equal(message(1, ids(5, 5, 1, 0, 0), hex('00')), null, 'an index without a term')
  t.equal(message(1, ids(5, 5, 1, 1, 2n ** 53n), hex('00')), null, 'an incarnation of 2^53')
  t.equal(message(1, ids(5, 5, 1, 1, 0), hex('04')), null, 'a flag without a meaning')
  t.equal(message(1, ids(5, 5, 1, 1, 0), hex('0000')), null, 'a byte too much')

  t.not(message(2, ids(0, 1), hex('03')), null, 'a reply')
  t.equal(message(2, ids(1, 0), hex('00')), null, 'a reply to a campaign for term 0')
  t.equal(message(2, ids(1, 1), hex('04')), null, 'a reply with a flag without a meaning')

  t.not(message(4, ids(5, 1, 1, 0, 0, 0), hex('00')), null, 'an acknowledgement')
  t.not(message(4, ids(5, 1, 0, 0, 0, 0), hex('01')), null, 'a rejection because of the term alone')
  t.equal(message(4, ids(5, 1, 1, 1, 0, 0), hex('00')), null, 'a conflict without rejection')
  t.equal(message(4, ids(5, 1, 1, 1, 6, 0), hex('01')), null, 'a conflict with a term from the future')
  t.equal(message(4, ids(0, 1, 1, 1, 0, 0), hex('01')), null, 'an answer to a leader of term 0')
  t.equal(message(4, ids(5, 1, 2n ** 53n, 0, 0, 0), hex('00')), null, 'matchIndex 2^53')
  t.equal(message(4, ids(5, 1, 1, 0, 0, 0), hex('02')), null, 'a flag without a meaning')

  t.not(message(5, ids(1)), null, 'TimeoutNow')
  t.equal(message(5, ids(0)), null, 'TimeoutNow of term 0')
  t.equal(message(5, ids(1), hex('00')), null, 'TimeoutNow and a byte')

  const piece = (fields: readonly (number | bigint)[], voters: readonly number[], bytes: number) =>
    message(
      6,
      ids(...fields),
      uint(voters.length, 2),
      ...voters.flatMap(id => [uint(id, 2), uint(0, 8)]),
      new Uint8Array(bytes),
    )
  t.not(piece([5, 9, 5, 8, 1, 0], [1, 2], 8), null, 'a whole snapshot')
  t.not(piece([5, 9, 5, 8, 1, 6], [1, 2], 2), null, 'its last piece')
  t.not(piece([5, 9, 5, 0, 1, 0], [1, 2], 0), null, 'an empty snapshot')
  t.not(piece([5, 9, 5, snapshotPieceBytesMax, 1, 0], [1], snapshotPieceBytesMax), null, 'the largest piece')
  t.equal(piece([5, 9, 5, snapshotPieceBytesMax + 1, 1, 0], [1], snapshotPieceBytesMax + 1), null, 'a larger one')
  t.equal(piece([5, 9, 5, 8, 1, 7], [1, 2], 2), null, 'a piece beyond the end')
  t.equal(piece([5, 9, 5, 8, 1, idMax], [1, 2], 2), null, 'a piece far beyond the end')
  t.equal(piece([5, 9, 5, 8, 1, 0], [1, 2], 0), null, 'an empty piece of a snapshot with something in it')
  t.equal(piece([5, 9, 6, 8, 1, 0], [1, 2], 8), null, 'a snapshot from the future')
  t.equal(piece([5, 0, 0, 8, 1, 0], [1, 2], 8), null, 'a snapshot of nothing')
  t.equal(piece([5, 9, 0, 8, 1, 0], [1, 2], 8), null, 'an entry without a term')
  t.equal(piece([5, 9, 5, 8, 2n ** 53n, 0], [1, 2], 8), null, 'a hash of 2^53')
  t.equal(piece([5, 9, 5, 8, 1, 0], [], 8), null, 'nobody votes')
  t.equal(piece([5, 9, 5, 8, 1, 0], [1, 1], 8), null, 'somebody votes twice')
  t.equal(piece([5, 9, 5, 8, 1, 0], [0], 8), null, 'server 0')
  const many = Array.from({ length: votersMax + 1 }, (_, at) => at + 1)
  t.not(piece([5, 9, 5, 8, 1, 0], many.slice(1), 8), null, 'as many voters as there may be')
  t.equal(piece([5, 9, 5, 8, 1, 0], many, 8), null, 'one more')
  t.equal(message(6, ids(5, 9, 5, 8, 1, 0), uint(9, 2), uint(1, 2)), null, 'voters that are not there')

  t.not(message(7, ids(5, 9, 5, 1, 8), uint(3, 4), hex('00')), null, 'pieces held')
  t.not(message(7, ids(5, 9, 5, 1, 8), uint(0, 4), hex('01')), null, 'a snapshot persisted')
  t.equal(message(7, ids(5, 9, 5, 1, 8), uint(3, 4), hex('01')), null, 'persisted, and pieces behind the end')
  t.equal(message(7, ids(5, 9, 5, 1, 8), uint(3, 4), hex('02')), null, 'a flag without a meaning')
  t.equal(message(7, ids(5, 9, 6, 1, 8), uint(3, 4), hex('00')), null, 'a snapshot from the future')
  t.equal(message(7, ids(5, 0, 0, 1, 8), uint(3, 4), hex('00')), null, 'a snapshot of nothing')
  t.end()
})

void t.test('B08: entries are copied once, into memory that is kept, and nothing of the datagram is', t => {
  const entries = [3, 4].map((index): Entry => ({
    index,
    term: 2,
    kind: 'commands',
    payload: hex('aabb'),
    record: null,
  }))
  const numbers = {
    term: 5,
    prevLogIndex: 2,
    prevLogTerm: 2,
    leaderCommit: 1,
    readRound: 0,
    matchIndex: 0,
    incarnation: 0,
  }
  const message: AppendEntries = { type: 'AppendEntries', from, ...numbers, entries }
  // A Buffer, as Node's sockets deliver: its slice and subarray are not those of Uint8Array.
  const datagram = Buffer.from(datagramOf('peer', [message]))
  const received = receive(datagram)?.[0] as AppendEntries
  datagram.fill(0xff)
  t.strictSame(received.entries.map(shownEntry), entries)
  const [first, second] = received.entries
  t.equal(first!.payload.buffer, first!.record!.buffer)
  t.equal(first!.payload.buffer, second!.payload.buffer, 'one array for all')
  t.equal(second!.record!.byteOffset - first!.record!.byteOffset, 30, 'where nothing stands between them')
  t.end()
})

void t.test('regression_entries_that_a_log_did_not_take_kept_memory_between_those_that_it_took', t => {
  const arriving = (prevLogIndex: number, payloadBytes: number): AppendEntries => {
    const payload = new Uint8Array(payloadBytes).fill(prevLogIndex)
    const entry: Entry = { index: prevLogIndex + 1, term: 5, kind: 'commands', payload, record: null }
    const place = { prevLogIndex, prevLogTerm: prevLogIndex === 0 ? 0 : 5 }
    const numbers = { term: 5, leaderCommit: 0, readRound: 0, matchIndex: 0, incarnation: 0 }
    const message: AppendEntries = { type: 'AppendEntries', from, ...numbers, ...place, entries: [entry] }
    return receive(datagramOf('peer', [message]))?.[0] as AppendEntries
  }
  const { raft } = new Bench({ term: 5, log: [] })
  for (let each = 0; each < 1_000; each++) {
    raft.receive(each, arriving(each, 60), 0)
    // What is known, again.
    raft.receive(each, arriving(0, 12_000), 0)
  }
  const { log } = raft.server
  t.equal(log.lastIndex, 1_000)
  const arrays = new Set<ArrayBufferLike>()
  for (let index = 1; index <= 1_000; index++) {
    const { payload } = log.at(index)
    if (payload.length !== 60 || !payload.every(byte => byte === ((index - 1) & 255))) t.fail(`entry ${index} is whole`)
    arrays.add(payload.buffer)
  }
  t.ok(arrays.size <= 3, `${arrays.size} arrays hold 88,000 bytes`)
  t.end()
})

void t.test('the sizes that others count with', t => {
  t.equal(snapshotPieceBytes, snapshotPieceBytesMax)
  const entry: Entry = { index: 1, term: 1, kind: 'commands', payload: new Uint8Array(100), record: null }
  const numbers = {
    term: 5,
    prevLogIndex: 0,
    prevLogTerm: 0,
    leaderCommit: 1,
    readRound: 0,
    matchIndex: 0,
    incarnation: 0,
  }
  const message: AppendEntries = { type: 'AppendEntries', from, ...numbers, entries: [entry] }
  t.equal(peerMessageBytes(message), appendEntriesOverheadBytes + recordOf(entry).length)
  const overhead = appendEntriesOverheadBytes + entryHeaderBytes + commandsOverheadBytes + commandHeaderBytes
  const total = overhead + commandBytesMax
  t.ok(total <= messageBytesMax, `the largest command fits a message in an entry of its own: ${total}`)
  const voters = Array.from({ length: votersMax }, (_, at) => at + 1)
  const meta = { lastIncludedIndex: 9, lastIncludedTerm: 5, voters, totalBytes: 2 ** 40, hash: 1 }
  const data = new Uint8Array(snapshotPieceBytes)
  const largestPiece: Message = { type: 'InstallSnapshot', term: 5, from, ...meta, offset: 0, data }
  t.ok(envelopeBytes + peerMessageBytes(largestPiece) <= datagramBytesLoopback, 'a piece is one datagram on loopback')
  const smallestPiece = datagramBytesUnknownPath - 2 * envelopeBytes - fragmentOverheadBytes
  t.ok(messageBytesMax / smallestPiece < fragmentsMax / 2, 'whose fragments are few enough on every path')
  t.end()
})
