/** What a server tells of itself: the JSON of `raftgram status`. Names are promises to scripts. */
import type { DiskState, PeerStatus, RaftOptions, RoleName, Status } from '../raft/types.js'
import type { StorageStatus } from '../storage/storage.js'
import type { Link, LinkStatus, TransportStatus } from '../transport/types.js'
import { describeQueues, type QueuesStatus } from './queues.js'
import type { ReplicatedState } from './replicated-state.js'
import type { RequestsStatus } from './request-counters.js'
import type { SnapshotsStatus } from './snapshot-service.js'

export interface ServerStatus {
  readonly id: number
  readonly address: string
  /** `recovering`: it follows, but neither votes nor counts yet, because its disk was empty. */
  readonly role: RoleName | 'recovering'
  readonly term: number
  /** 0 when none is known. */
  readonly leaderId: number
  readonly commitIndex: number
  readonly lastApplied: number
  readonly firstLogIndex: number
  readonly lastLogIndex: number
  readonly persistedIndex: number
  readonly snapshotIndex: number
  /** Hash of the state at the last multiple of 4,096 applied: equal on all servers that came as far. */
  readonly checkpointIndex: number
  readonly checkpointHash: string
  readonly revision: number
  readonly sessions: number
  readonly clients: number
  readonly uptimeMs: number
  readonly memory: { readonly rssBytes: number; readonly heapBytes: number; readonly externalBytes: number }
  /** One per peer; on a leader with what it knows of the peer's log. */
  readonly peers: readonly (Partial<PeerStatus> & {
    readonly id: number
    readonly address: string
    readonly datagramBytesMax: number
    readonly windowBytes: number
    /** On a leader: until the peer's word that it took entries, which waits for its disk for 3 ms at most (RFC 6298). Elsewhere 0. */
    readonly roundTripMs: number
    /** Since a datagram of it arrived; null when none ever did. */
    readonly silentMs: number | null
    /** The link itself: what was sent, lost, sent again; its round trip is that of datagrams. */
    readonly link: LinkStatus
  })[]
  /** What became of clients' requests here, copies above all. */
  readonly requests: RequestsStatus
  /** Everything that can pile up, with its bound. What is one link's own stands with the link. */
  readonly queues: QueuesStatus
  readonly transport: TransportStatus
  /** Whether it can write: while its disk is `full` or `stalled` it leads only where nobody else can. */
  readonly disk: DiskState
  readonly storage: StorageStatus
  /** What is under way: one that is taken, one that comes from a leader, those that are sent to others. */
  readonly snapshots: SnapshotsStatus
}

interface Sources {
  readonly raft: Status
  readonly options: RaftOptions
  readonly state: ReplicatedState
  readonly transport: TransportStatus
  readonly peers: readonly Link[]
  readonly requests: RequestsStatus
  readonly waitingQueries: number
  readonly storage: StorageStatus
  readonly snapshots: SnapshotsStatus
  readonly disk: DiskState
  readonly memory: ServerStatus['memory']
  readonly nowMs: number
  readonly startedMs: number
  readonly address: string
}

export function describeStatus(sources: Sources): ServerStatus {
  const { raft, options, state, transport, waitingQueries, nowMs } = sources
  return {
    id: raft.id,
    address: sources.address,
    role: raft.isRecovering ? 'recovering' : raft.role,
    term: raft.term,
    leaderId: raft.leaderId,
    commitIndex: raft.commitIndex,
    lastApplied: state.lastApplied,
    firstLogIndex: raft.firstLogIndex,
    lastLogIndex: raft.lastLogIndex,
    persistedIndex: raft.persistedIndex,
    snapshotIndex: raft.snapshotIndex,
    checkpointIndex: state.checkpointIndex,
    checkpointHash: state.checkpointHash.toString(16),
    revision: state.sessions.revision,
    sessions: state.sessions.sessionCount,
    clients: transport.clientLinks,
    uptimeMs: Math.round(nowMs - sources.startedMs),
    memory: sources.memory,
    peers: sources.peers.map(link => {
      const known = raft.peers.find(peer => peer.id === link.serverId)
      return {
        ...known,
        id: link.serverId,
        address: link.address.key,
        datagramBytesMax: link.datagramBytesMax,
        windowBytes: Math.floor(link.windowBytes),
        roundTripMs: Math.round((known?.roundTripMs ?? 0) * 1_000) / 1_000,
        silentMs: link.lastHeardAtMs === -Infinity ? null : Math.round(nowMs - link.lastHeardAtMs),
        link: link.status,
      }
    }),
    requests: sources.requests,
    queues: describeQueues({ raft: raft.queues, options, sessions: state.sessions, waitingQueries, transport }),
    transport,
    disk: sources.disk,
    storage: sources.storage,
    snapshots: sources.snapshots,
  }
}
