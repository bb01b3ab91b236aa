/** Mutants of elections: votes, terms, campaigns, and the hard state as the core hands it out. */
import { mutant, type Mutant } from '../mutant.js'

const vote = 'src/raft/vote.js'
const election = 'src/raft/election.js'
const persistence = 'src/raft/persistence.js'

export const electionMutants: readonly Mutant[] = [
  mutant(
    'votes twice in a term',
    'one vote per term, section 5.2 (akka-raft 56)',
    vote,
    '(server.votedFor === 0 || server.votedFor === request.from)',
    'true',
  ),
  mutant(
    'a leader votes for others',
    'one vote per term, section 5.2 (DaosRaft 70)',
    vote,
    'return leaderIdOf(server) === 0 && (',
    "return server.role.name === 'leader' || leaderIdOf(server) === 0 && (",
  ),
  mutant(
    'no log check in votes',
    'election restriction, section 5.4.1',
    vote,
    'if (!server.log.isUpToDate(request.lastLogIndex, request.lastLogTerm))',
    'if (false)',
  ),
  mutant(
    'logs are compared by length only',
    'K03; section 5.4.1 (liferaft)',
    'src/raft/log.js',
    'return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)',
    'return lastIndex >= this.lastIndex',
  ),
  mutant(
    'logs are compared by index, then term',
    'K03; section 5.4.1',
    'src/raft/log.js',
    'return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex)',
    'return lastIndex > this.lastIndex || (lastIndex === this.lastIndex && lastTerm >= this.lastTerm)',
  ),
  mutant(
    'a stale grant is counted',
    'K01: a reply names what it answers (Xraft 33)',
    election,
    'if (reply.campaignTerm !== role.campaignTerm || reply.term !== server.currentTerm) return;',
    '',
  ),
  mutant(
    'a refusal is counted as a grant',
    'election safety, section 5.2',
    election,
    'if (reply.granted) role.granted.set(reply.from, incarnation); else role.refused.add(reply.from);',
    'role.granted.set(reply.from, incarnation);',
  ),
  mutant(
    'half of the servers are a majority',
    'election safety, section 5.2',
    'src/raft/quorum.js',
    'Math.floor(voters / 2) + 1',
    'Math.ceil(voters / 2)',
  ),
  {
    name: 'a pre-vote counts as a vote',
    breaks: 'dissertation 9.6: a pre-vote promises nothing',
    edits: [
      {
        file: election,
        find: "role.name !== (reply.preVote ? 'pre-candidate' : 'candidate')",
        replace: "role.name === 'follower' || role.name === 'leader'",
      },
      { file: election, find: '|| reply.term !== server.currentTerm', replace: '' },
    ],
  },
  mutant('a candidate stays in its term', 'Figure 2: increment currentTerm', election, 'server.currentTerm++;', ''),
  mutant(
    'the vote of the old term stays in the new one',
    'Figure 2: votedFor is of the current term',
    'src/raft/term.js',
    'server.votedFor = 0;',
    '',
  ),
  mutant(
    'a vote is not saved when the term is old',
    'K16; Figure 2: votedFor is persistent (akka-raft 62)',
    persistence,
    'if (currentTerm === handedHardState.currentTerm && votedFor === handedHardState.votedFor)',
    'if (currentTerm === handedHardState.currentTerm)',
  ),
  mutant(
    'a term without a vote is not saved',
    'K16; Figure 2: currentTerm is persistent',
    persistence,
    'if (currentTerm === handedHardState.currentTerm && votedFor === handedHardState.votedFor)',
    'if (votedFor === handedHardState.votedFor)',
  ),
  mutant(
    'no randomness in election timeouts',
    'section 5.2: randomized election timeouts',
    'src/raft/server.js',
    'server.random.fraction() * timeoutMs * spread',
    'timeoutMs * spread',
  ),
  mutant(
    'a leader begins without an entry of its term',
    'section 8: a no-op at the start of its term',
    election,
    'appendOwn(server, server.role, kind, payload);',
    '',
  ),
  mutant(
    'a leader that hears nobody goes on',
    'dissertation 6.2: check quorum (etcd 13527)',
    'src/raft/check-quorum.js',
    'if (now < checkQuorumDeadline(server, role, now)) return;',
    'if (now < Infinity) return;',
  ),
  mutant(
    'votes are given beside a leader that is heard',
    'dissertation 4.2.3 (etcd 13665)',
    vote,
    'if (!request.leadershipTransfer && isLeaderPresent(server, now))',
    'if (false)',
  ),
]
