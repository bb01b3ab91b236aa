/** Mutants of replication: the consistency check, what is acknowledged and counted, the commit rule, reads. */
import { mutant, type Mutant } from '../mutant.js'

const append = 'src/raft/append-entries.js'
const replication = 'src/raft/replication.js'
const progress = 'src/raft/progress.js'
const heldAppends = 'src/raft/held-appends.js'
const commit = 'src/raft/commit.js'
const persistence = 'src/raft/persistence.js'
const readIndex = 'src/raft/read-index.js'

export const replicationMutants: readonly Mutant[] = [
  mutant(
    'appends without the check of the previous entry',
    'section 5.3',
    append,
    'return term === message.prevLogTerm;',
    'return term !== undefined;',
  ),
  mutant(
    'what follows index 0 matches anything',
    'section 5.3 (WRaft 118)',
    append,
    'if (presentTerm === entry.term)',
    'if (presentTerm === entry.term || (message.prevLogIndex === 0 && presentTerm !== undefined))',
  ),
  mutant(
    'truncates without a conflict',
    'Figure 2, AppendEntries 3 (RaftOS 26)',
    append,
    'if (presentTerm === entry.term)',
    'if (false)',
  ),
  mutant(
    'a conflict is left in the log',
    'Figure 2, AppendEntries 3',
    append,
    'if (presentTerm === entry.term)',
    'if (presentTerm !== undefined)',
  ),
  mutant(
    'acknowledges its last index',
    'K23: matchIndex = min(verified, persisted) (RATIS-2605)',
    append,
    'return Math.min(role.verifiedIndex, server.persistedIndex);',
    'return server.persistedIndex;',
  ),
  mutant(
    'acknowledges before its disk is done',
    'durability contract 4 (tikv 994)',
    append,
    'return Math.min(role.verifiedIndex, server.persistedIndex);',
    'return role.verifiedIndex;',
  ),
  mutant(
    'what one leader verified counts for the next',
    'K23: verifiedIndex is 0 again at a change of term',
    'src/raft/term.js',
    'server.role = newFollower(leaderId);',
    "server.role = { ...newFollower(leaderId), verifiedIndex: former.name === 'follower' ? former.verifiedIndex : 0 };",
  ),
  mutant(
    'what is held survives a change of term',
    'appends held for reordering die with the term',
    'src/raft/term.js',
    'server.role = newFollower(leaderId);',
    "server.role = { ...newFollower(leaderId), gap: former.name === 'follower' ? former.gap : null };",
  ),
  {
    name: 'what is held is taken before its turn',
    breaks: 'section 5.3: entries follow each other',
    edits: [
      {
        file: heldAppends,
        find: 'if (gap === null || first === undefined || first.prevLogIndex > server.log.lastIndex)',
        replace: 'if (gap === null || first === undefined)',
      },
      { file: append, find: 'receiveNext(server, role, next);', replace: 'takeEntries(server, next);' },
    ],
  },
  mutant(
    'what is held commits before its turn',
    'Figure 2, AppendEntries 5: min(leaderCommit, index of last new entry)',
    heldAppends,
    'gap.prevLogIndex = message.prevLogIndex;',
    `gap.prevLogIndex = message.prevLogIndex;
    server.commitIndex = Math.max(server.commitIndex, Math.min(message.leaderCommit, server.log.lastIndex));`,
  ),
  mutant(
    'a gap is acknowledged',
    'K23: only what was compared with the log of this leader is verified',
    heldAppends,
    'if (message.entries.length === 0)',
    `role.verifiedIndex = Math.max(role.verifiedIndex, server.log.lastIndex);
    if (message.entries.length === 0)`,
  ),
  mutant(
    'a gap is held before anything was accepted',
    'section 5.3: the nextIndex of a new leader is a guess',
    heldAppends,
    'role.verifiedIndex > 0 && message.prevLogIndex > server.log.lastIndex',
    'message.prevLogIndex > server.log.lastIndex',
  ),
  mutant(
    'what is held is in no order',
    'section 5.3: entries follow each other',
    heldAppends,
    'while (at > 0 && held[at - 1].prevLogIndex > message.prevLogIndex)',
    'while (false)',
  ),
  mutant(
    "the transport's work holds back repeats for ever",
    'K06: a transport knows what arrived, not what a peer could take',
    progress,
    'Math.min(Math.max(sentMs, this.atWorkMs), sentMs + limitMs + Math.floor(bytes / slowPathBytesPerMs))',
    'Math.max(sentMs, this.atWorkMs)',
  ),
  mutant(
    'matchIndex goes back',
    'K01 (RaftOS 25, PySyncObj 167)',
    progress,
    'this.matchIndex = Math.max(this.matchIndex, matchIndex);',
    'this.matchIndex = matchIndex;',
  ),
  mutant(
    'commitIndex goes back',
    'Figure 2: commitIndex increases (PySyncObj 166)',
    append,
    'server.commitIndex = Math.max(server.commitIndex, Math.min(message.leaderCommit, lastNewIndex));',
    'server.commitIndex = Math.min(message.leaderCommit, lastNewIndex);',
  ),
  mutant(
    'commits old terms by counting',
    'K04; Figure 8 (logcabin 44, PySyncObj 169)',
    commit,
    'if (server.log.termAt(majorityIndex) !== server.currentTerm)',
    'if (false)',
  ),
  mutant(
    'commits what the leader says without the minimum',
    'Figure 2, AppendEntries 5',
    append,
    'Math.min(message.leaderCommit, lastNewIndex)',
    'message.leaderCommit',
  ),
  mutant(
    'commits up to its own last entry',
    'Figure 2, AppendEntries 5: the last new entry, not the last one',
    append,
    'Math.min(message.leaderCommit, lastNewIndex)',
    'Math.min(message.leaderCommit, server.log.lastIndex)',
  ),
  mutant(
    "a rejection's hint is taken as a match",
    'K23 (CCF 5325)',
    replication,
    'if (nextIndex <= reply.prevLogIndex) startOverFrom(server, peer, nextIndex);',
    'if (nextIndex <= reply.prevLogIndex) startOverFrom(server, peer, nextIndex); peer.accepted(nextIndex - 1, nextIndex - 1, 0);',
  ),
  mutant(
    'nextIndex falls to matchIndex',
    'K01 (WRaft 7)',
    replication,
    'nextIndex = Math.max(nextIndex, peer.matchIndex + 1);',
    '',
  ),
  mutant(
    'a reply of an old term is counted',
    'K01; Figure 2',
    'src/raft/peer-heard.js',
    'if (reply.term < server.currentTerm) return undefined;',
    '',
  ),
  mutant(
    'a minority commits',
    'section 5.3: a majority of servers',
    'src/raft/quorum.js',
    'descending[majority(values.length) - 1]',
    'descending[Math.max(0, majority(values.length) - 2)]',
  ),
  mutant(
    'a leader counts itself before its disk is done',
    'durability contract 4',
    commit,
    'countedValues(server, role, server.persistedIndex,',
    'countedValues(server, role, server.log.lastIndex,',
  ),
  mutant(
    'applies what is not committed',
    'section 5.3: apply after commit',
    commit,
    'taken.slice(0, server.commitIndex - server.lastApplied)',
    'taken',
  ),
  mutant(
    'a stale completion is counted',
    'after a truncation a write may complete late',
    persistence,
    'for (const write of server.outstandingWrites) write.lastIndex = Math.min(write.lastIndex, index - 1);',
    '',
  ),
  mutant(
    'what was replaced stays persisted',
    'durability contract 4: persistedIndex may go back',
    persistence,
    'server.persistedIndex = Math.min(server.persistedIndex, index - 1);',
    '',
  ),
  mutant(
    'what replaces an entry is not written',
    'durability contract 3',
    persistence,
    'server.handedIndex = Math.min(server.handedIndex, index - 1);',
    '',
  ),
  mutant(
    'reads without a quorum round',
    'dissertation 6.4 (d-engine 381)',
    readIndex,
    'read.round > confirmed',
    'false',
  ),
  mutant(
    'reads before the no-op is committed',
    'dissertation 6.4 (redisraft 18)',
    readIndex,
    'server.commitIndex < role.openingIndex',
    'false',
  ),
  mutant(
    'reads join a round that is under way',
    'dissertation 6.4: the round begins after the read',
    readIndex,
    'const round = ++role.readRound;',
    'const round = role.waitingReads.length > 0 ? role.readRound : ++role.readRound;',
  ),
  mutant(
    'a read sees what was applied when it came',
    'dissertation 6.4: readIndex is the commitIndex',
    readIndex,
    'readIndex: server.commitIndex',
    'readIndex: 0',
  ),
]
