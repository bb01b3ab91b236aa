/** Mutants of admission: whose votes and acknowledgements count after a data directory was lost. */
import { mutant, type Mutant } from '../mutant.js'

const admission = 'src/raft/admission.js'

export const admissionMutants: readonly Mutant[] = [
  mutant(
    'a server that lost its disk votes',
    'K06, K19: it has forgotten its votes',
    admission,
    'if (isAdmitted(server)) return true; return isFoundingVoter(server)',
    'return true; return isFoundingVoter(server)',
  ),
  mutant(
    'a server that lost its disk stands for election',
    'K06, K19: it has forgotten what it acknowledged',
    admission,
    'return isAdmitted(server) || isFoundingVoter(server);',
    'return true;',
  ),
  mutant(
    'two servers that lost their disks found another cluster',
    'K06: a directory that was made for repair takes no part in a founding',
    admission,
    'return server.options.mayFound && server.log.lastIndex === 0;',
    'return server.log.lastIndex === 0;',
  ),
  mutant(
    'a vote counts of whoever gives it',
    'K06: votes count of the incarnation that the log names',
    'src/raft/election.js',
    'filter(([id, incarnation]) => counts(server, id, incarnation)).length',
    'length',
  ),
  mutant(
    'an acknowledgement counts of whoever gives it',
    'K06: acknowledgements count of the incarnation that the log names',
    admission,
    'return counts(server, id, peer.incarnation) ? known(peer) : nothing;',
    'return known(peer);',
  ),
  mutant(
    'what a lost disk had acknowledged is believed of the next',
    'K01: what is known of a peer is known of one incarnation',
    'src/raft/progress.js',
    `this.incarnation = incarnation; this.matchIndex = 0;`,
    `this.incarnation = incarnation;`,
  ),
  mutant(
    'a late word of a lost disk is heard',
    'K01: another incarnation has followed',
    'src/raft/peer-heard.js',
    'if (peer.former.includes(incarnation)) return false;',
    '',
  ),
  mutant(
    'one entry admits',
    'an incarnation is retired by a commit before the next counts',
    admission,
    `isRetired ? 'admit' : 'retire'`,
    `'admit'`,
  ),
  mutant(
    'a server is admitted before its former disk is retired',
    'an incarnation is retired by a commit before the next counts',
    admission,
    'if (isRetired && standing.index > server.commitIndex) continue;',
    '',
  ),
  mutant(
    'a server counts before it holds the entry that admits it',
    'it counts once it holds that entry durably',
    admission,
    'return matchIndex >= admittedAt ? matchIndex : 0;',
    'return matchIndex;',
  ),
  mutant(
    'a server votes before the entry that admits it is durable',
    'it votes once it holds that entry durably',
    admission,
    '&& server.persistedIndex >= standings.get(server.id).index',
    '',
  ),
  mutant(
    'who is admitted is not in a snapshot',
    'section 7: a snapshot has the latest configuration',
    'src/node/snapshot-taker.js',
    '...(admitted === undefined ? {} : { admitted })',
    '...{}',
  ),
  mutant(
    'a restart forgets who is admitted',
    'section 7: a snapshot has the latest configuration',
    'src/storage/open-storage.js',
    '...(newest?.admitted === undefined ? {} : { snapshotAdmitted: newest.admitted })',
    '...{}',
  ),
  mutant(
    'an install forgets who is admitted',
    'section 7: a snapshot has the latest configuration',
    'src/raft/install-snapshot.js',
    'log.restoreAdmitted(index, term, meta.admitted);',
    'log.restoreAdmitted(index, term, undefined);',
  ),
  mutant(
    'who a replaced entry admitted stays admitted',
    'dissertation 4.1: an entry is in force no more when it is truncated',
    'src/raft/log.js',
    'this.admitted.truncateFrom(index);',
    '',
  ),
  mutant(
    'a follower that has lost acknowledged entries goes on',
    'K19: it must not vote or count until it is whole again',
    'src/raft/lost-entries.js',
    'if (matchIndex <= server.persistedIndex || incarnation !== server.incarnation)',
    'if (true)',
  ),
]
