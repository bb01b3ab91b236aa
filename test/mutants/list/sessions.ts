/** Mutants of exactly-once execution, of the shell that runs it, and of clients. */
import { mutant, type Mutant } from '../mutant.js'

const sessions = 'src/session/sessions.js'
const node = 'src/node/node.js'
const consequences = 'src/node/consequences.js'
const service = 'src/node/client-service.js'
const sender = 'src/client/sender.js'
const core = 'src/client/client-core.js'

export const sessionMutants: readonly Mutant[] = [
  mutant(
    'no table of results',
    'dissertation 6.3',
    sessions,
    'const place = session.results.find(sequence);',
    'const place = -1;',
  ),
  mutant(
    'results are looked up outside of the replicated state only',
    'dissertation 6.3 (curvine 676)',
    sessions,
    'if (known !== null) return known; if (sequence - session.answeredUpTo',
    'if (sequence - session.answeredUpTo',
  ),
  {
    name: 'recovery forgets the session table',
    breaks: 'K22: the session table is part of what is recovered',
    edits: [
      {
        file: node,
        find: 'this.state = parts.state;',
        replace: `this.state = parts.state;
          const { baseIndex, entries } = parts.recovered;
          parts.state.sessions.recoveredUpTo = baseIndex + entries.length;`,
      },
      {
        file: sessions,
        find: 'session.store(sequence, hashLong(command.command, 0), result);',
        replace: `if (index > this.recoveredUpTo) session.store(sequence, hashLong(command.command, 0), result);`,
      },
    ],
  },
  mutant(
    'a late copy of an answered request is executed',
    'dissertation 6.3: what was answered is forgotten, and never executed again',
    sessions,
    'if (sequence <= session.answeredUpTo) return alreadyAnswered;',
    '',
  ),
  mutant(
    'each command of an entry gets the first outcome',
    'waiters are kept by (index, term, position)',
    service,
    'outcomes[position]',
    'outcomes[0]',
  ),
  {
    name: 'waiters are kept by index only',
    breaks: 'waiters are kept by (index, term, position) (hashicorp/raft, etcd apply wait)',
    edits: [
      {
        file: service,
        find: 'placed.term === entry.term ? outcomes[position] : undefined',
        replace: 'outcomes[position]',
      },
      { file: node, find: 'this.clients.loseLeadership();', replace: '' },
    ],
  },
  mutant(
    'waiters of a lost leadership are kept',
    'clients are told at once when nobody will tell them later',
    node,
    'this.clients.loseLeadership();',
    '',
  ),
  mutant(
    'reads are answered before the state has got there',
    'dissertation 6.4: lastApplied has reached readIndex',
    service,
    'if (readIndex > this.state.lastApplied)',
    'if (false)',
  ),
  mutant(
    'every server answers reads from its state',
    'dissertation 6.4',
    service,
    'if (read.stale)',
    'if (read.stale || !this.raft.isLeader)',
  ),
  mutant(
    'messages leave before the hard state is durable',
    'durability contract 1; K16',
    consequences,
    'this.isSaving = true;',
    'this.isSaving = true; const { transport } = this.parts; for (const { to, message } of ready.messages.splice(0)) transport.send(transport.peer(to), message);',
  ),
  mutant(
    'the vote is left out of what is saved',
    'K16: term and vote are one record (akka-raft 62)',
    consequences,
    'storage.saveHardState(ready.hardState,',
    'storage.saveHardState({ ...ready.hardState, votedFor: 0 },',
  ),
  mutant(
    'turns go on while the hard state is written',
    'durability contract 1',
    node,
    'if (this.consequences.isSavingHardState) return this.transport.flush();',
    '',
  ),
  mutant(
    'an election is begun before the socket is drained',
    'T02: the socket is read before time is judged',
    'src/node/drain-guard.js',
    'return received >= datagramsPerRound && this.rounds < roundsMax;',
    'return false;',
  ),
  {
    name: 'a repeat has a new number',
    breaks: 'dissertation 6.3: a request is repeated with its own number',
    edits: [
      {
        file: sender,
        find: 'request.id === 0 ? session.nextSequence : request.id',
        replace: 'session.nextSequence',
      },
      {
        file: sender,
        find: "if (request.kind === 'write' && request.id === 0)",
        replace: "if (request.kind === 'write')",
      },
    ],
  },
  {
    name: 'a request number is used again',
    breaks: 'dissertation 6.3: numbers are used once',
    edits: [
      {
        file: 'src/client/session.js',
        find: 'get nextSequence() { return this.next; }',
        replace:
          'get nextSequence() { return this.next % 4 === 0 && this.next > this.lowest ? this.next - 1 : this.next; }',
      },
      { file: 'src/client/session.js', find: 'request.id = this.next;', replace: 'request.id = this.nextSequence;' },
    ],
  },
  mutant(
    'reads share a request number',
    'K01: an answer names what it answers',
    core,
    'request.id = this.nextRequestId++;',
    'request.id = this.nextRequestId;',
  ),
  mutant(
    'an unknown outcome is called a failure',
    'what was sent may have been executed (Jepsen)',
    core,
    "const mayBeExecuted = request.kind === 'write' && request.transmissions > 0;",
    'const mayBeExecuted = false;',
  ),
  mutant(
    'compare-and-set does not compare',
    'linearizability of the store',
    'src/kv/store.js',
    'if (!this.#matches(record, command.expected))',
    'if (false)',
  ),
]
