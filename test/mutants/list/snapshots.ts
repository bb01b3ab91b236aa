/** Mutants of snapshots: how they are made durable, sent and installed, and what goes of the log behind them. */
import { mutant, type Mutant } from '../mutant.js'

const install = 'src/raft/install-snapshot.js'
const entryList = 'src/raft/entry-list.js'
const sending = 'src/raft/send-snapshot.js'
const installer = 'src/node/snapshot-installer.js'
const service = 'src/node/snapshot-service.js'
const receiver = 'src/storage/snapshot-receiver.js'
const removal = 'src/storage/segment-removal.js'

export const snapshotMutants: readonly Mutant[] = [
  mutant(
    'a log that agrees with a snapshot is dropped',
    'Figure 13, InstallSnapshot 6: what follows its last entry is kept',
    install,
    'resetsLog: log.termAt(meta.lastIncludedIndex) !== meta.lastIncludedTerm',
    'resetsLog: true',
  ),
  mutant(
    'a log that conflicts with a snapshot is kept',
    'Figure 13, InstallSnapshot 7: the entire log is discarded',
    install,
    'resetsLog: log.termAt(meta.lastIncludedIndex) !== meta.lastIncludedTerm',
    'resetsLog: log.termAt(meta.lastIncludedIndex) === undefined',
  ),
  mutant(
    'a stale snapshot is installed',
    'S04: what is applied is never taken back',
    install,
    `if (meta.lastIncludedIndex <= server.commitIndex || role.name === 'leader')`,
    `if (role.name === 'leader')`,
  ),
  mutant(
    'entries are taken while a snapshot is installed',
    'the log is being replaced',
    'src/raft/append-entries.js',
    '|| server.installing !== null',
    '',
  ),
  mutant(
    'an installed snapshot vouches for what follows it',
    'K23: only up to the snapshot the log is that of the leader',
    install,
    'role.verifiedIndex = Math.max(role.verifiedIndex, index); incoming.isReplyDue = true;',
    'role.verifiedIndex = Math.max(role.verifiedIndex, log.lastIndex); incoming.isReplyDue = true;',
  ),
  mutant(
    'commitIndex stays behind an installed snapshot',
    'what a snapshot covers is committed',
    install,
    'server.commitIndex = Math.max(server.commitIndex, index);',
    '',
  ),
  mutant(
    'what a reset dropped is waited for',
    'K11: what is counted is what is there',
    'src/raft/persistence.js',
    'server.outstandingWrites.length = 0; server.unpersistedBytes = 0;',
    '',
  ),
  mutant(
    'what a reset dropped stays persisted',
    'durability contract 4: persistedIndex may go back',
    'src/raft/persistence.js',
    'server.persistedIndex = index;',
    'server.persistedIndex = Math.max(server.persistedIndex, index);',
  ),
  mutant(
    'the term of the last entry of a snapshot is forgotten',
    'section 7: kept for the check of the entry that follows',
    entryList,
    'resetTo(index, term) { this.baseIndex = index; this.baseTerm = term;',
    'resetTo(index, term) { this.baseIndex = index; this.baseTerm = 0;',
  ),
  mutant(
    'the term of what was compacted is forgotten',
    'section 7: kept for the check of the entry that follows',
    entryList,
    'this.baseTerm = this.termAt(index); this.baseIndex = index;',
    'this.baseIndex = index;',
  ),
  mutant(
    'the log is compacted beyond the snapshot',
    'section 7: only what a durable snapshot covers may go',
    'src/raft/compaction.js',
    'log.compactTo(Math.min(index, compactionLimit(server, now)));',
    'log.compactTo(server.lastApplied);',
  ),
  mutant(
    'the log is not kept for a peer that is sent a snapshot',
    'K07 (openraft 1706, consul 9609)',
    'src/raft/compaction.js',
    `if (server.role.name !== 'leader') return limit;`,
    'return limit;',
  ),
  mutant(
    'a peer goes on behind a snapshot that the log has left',
    'section 7: what it needs next is in the log, or it needs a snapshot',
    sending,
    'if (server.log.termAt(reply.lastIncludedIndex) === reply.lastIncludedTerm)',
    'if (true)',
  ),
  mutant(
    'a snapshot counts before the log up to it is durable',
    "a server's own snapshot never lies above its persistedIndex",
    'src/node/snapshot-taker.js',
    'this.parts.persistedIndex() < waiting.lastIncludedIndex',
    'false',
  ),
  mutant(
    'the log goes when a snapshot is begun',
    'rename, fsync of the directory; then the segments that it covers go',
    service,
    'take: storage.snapshots.take.bind(storage.snapshots),',
    `take: (position, chunks, got) => {
       storage.compactTo(position.lastIncludedIndex);
       storage.snapshots.take(position, chunks, got);
     },`,
  ),
  mutant(
    'a snapshot is named without syncing the directory',
    'temporary file, rename, fsync of the directory',
    'src/storage/snapshot-writer.js',
    'disk.syncDirectory(paths.snapshots, syncError => this.end(finalErrorOf(syncError), meta));',
    'this.end(null, meta);',
  ),
  mutant(
    'a received snapshot is named without syncing the directory',
    'temporary file, rename, fsync of the directory',
    receiver,
    'inOrder([next => disk.syncDirectory(paths.snapshots, next), onInstalled],',
    'inOrder([onInstalled],',
  ),
  mutant(
    'a snapshot that a killed process named is believed',
    'what a killed process renamed may not be durable',
    'src/storage/snapshots.js',
    'next => disk.syncDirectory(paths.snapshots, next),',
    '',
  ),
  mutant(
    'pieces that a killed process wrote are believed',
    'F01: what a killed process wrote may not be durable',
    'src/storage/receiving-file.js',
    'found.slice(0, Math.max(0, found.length - windowChunks))',
    'found',
  ),
  mutant(
    'pieces of another snapshot are taken for those of this one',
    'a transfer resumes only for an equal index, term and hash',
    installer,
    'this.receiver?.isOver === false && isSameSnapshot(this.receiver.meta, piece)',
    'this.receiver?.isOver === false',
  ),
  mutant(
    'a snapshot is installed without a reset of the log',
    'S05: a log that does not hold the last entry begins anew',
    installer,
    'resetLog(meta, appendMeta, ended);',
    'ended();',
  ),
  mutant(
    'a reset that is due is not written',
    'S03: a crash leaves a snapshot ahead of the log, which begins anew there',
    'src/storage/storage.js',
    'if (resetDue !== null)',
    'if (false)',
  ),
  mutant(
    'a segment goes that is still needed',
    'then the segments that it covers go',
    removal,
    'if (needed > 0)',
    'if (this.segments.length > 1)',
  ),
  mutant(
    'segments go without syncing the directory',
    'oldest first, never one from the middle',
    removal,
    'inOrder([goes, next => disk.syncDirectory(paths.log, next)],',
    'inOrder([goes],',
  ),
  mutant(
    'a snapshot that is sent is closed when a newer one comes',
    'a transfer may take longer than a snapshot is the newest',
    'src/storage/held-snapshot.js',
    'hold() { this.holders++; }',
    'hold() {}',
  ),
  mutant(
    'a snapshot has no results',
    'K22: the session table is part of the snapshot',
    'src/session/sessions-reader.js',
    'for (const session of whole) {',
    'for (const session of whole) { session.results = new session.results.constructor();',
  ),
]
