/**
 * Everything that can pile up in a server, with its bound (K11): what `status` shows under `queues`. Each name tells its
 * unit. A queue that stays near its bound is where the server is held up; nothing grows beyond one.
 *
 *      clients -> waitingReads -> waitingQueries
 *              -> uncommittedBytes -> unpersistedBytes -> disk
 *                        |                  ^
 *                        |                  +-- heldAppends <- reassemblyBytes <- peers
 *                        +-> a link's waitingBytes, inFlightBytes -> sendQueueBytes -> network
 *
 * What is one link's own (waitingBytes, inFlightBytes, reassemblyBytes) stands with the link.
 */
import { heldBytesMax, heldMessagesMax } from '../raft/held-appends.js'
import { waitingReadsMax } from '../raft/read-index.js'
import type { RaftOptions, RaftQueues } from '../raft/types.js'
import type { Sessions } from '../session/sessions.js'
import type { TransportStatus } from '../transport/types.js'
import { waitingQueriesMax } from './query-turns.js'

/** How full it is, and where whoever would fill it further is held back, refused or dropped. */
export interface Fill {
  readonly used: number
  readonly max: number
}

export interface QueuesStatus {
  /** On a leader: records not committed yet; beyond it, clients are told `busy`. */
  readonly uncommittedBytes: Fill
  /** Records not on this server's disk yet; beyond it, a follower takes no more, and a leader tells clients `busy`. */
  readonly unpersistedBytes: Fill
  /** On a follower: messages that came before their turn. */
  readonly heldAppends: Fill
  readonly heldAppendBytes: Fill
  /** On a leader: reads that wait for its confirmation; beyond it, clients are told `busy`. */
  readonly waitingReads: Fill
  /** Reads that can be answered and wait for a turn with time for them; beyond it, clients are told `busy`. */
  readonly waitingQueries: Fill
  readonly sessions: Fill
  /** Results that sessions keep for repeats; beyond either of these two the least recently used session goes. */
  readonly sessionResultBytes: Fill
  /** Unfinished messages of all links; a link has a bound of its own. */
  readonly reassemblyBytes: Fill
  /** What the kernel did not take; beyond it, messages wait in their links, where they can still be dropped. */
  readonly sendQueueBytes: Fill
  /** Clients that proved their address; beyond it, those that were silent for longest go. */
  readonly clientLinks: Fill
  /** Answers that wait to be sent to clients, of all together. */
  readonly clientWaitingBytes: Fill
}

interface Sources {
  readonly raft: RaftQueues
  readonly options: Pick<RaftOptions, 'uncommittedBytesMax' | 'unpersistedBytesMax'>
  readonly sessions: Sessions
  readonly waitingQueries: number
  readonly transport: TransportStatus
}

export function describeQueues({ raft, options, sessions, waitingQueries, transport }: Sources): QueuesStatus {
  return {
    uncommittedBytes: { used: raft.uncommittedBytes, max: options.uncommittedBytesMax },
    unpersistedBytes: { used: raft.unpersistedBytes, max: options.unpersistedBytesMax },
    heldAppends: { used: raft.heldAppends, max: heldMessagesMax },
    heldAppendBytes: { used: raft.heldAppendBytes, max: heldBytesMax },
    waitingReads: { used: raft.waitingReads, max: waitingReadsMax },
    waitingQueries: { used: waitingQueries, max: waitingQueriesMax },
    sessions: { used: sessions.sessionCount, max: sessions.sessionsMax },
    sessionResultBytes: { used: sessions.storedBytes, max: sessions.storedBytesMax },
    reassemblyBytes: { used: transport.reassemblyBytes, max: transport.reassemblyBytesMax },
    sendQueueBytes: { used: transport.sendQueueBytes, max: transport.sendQueueBytesMax },
    clientLinks: { used: transport.clientLinks, max: transport.clientLinksMax },
    clientWaitingBytes: { used: transport.clientWaitingBytes, max: transport.clientWaitingBytesMax },
  }
}
