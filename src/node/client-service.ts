/**
 * What a server does for clients: takes their requests out of datagrams, brings commands into the log and reads to
 * confirmation, and answers when the consequences come. Exactly-once is not decided here but in the replicated sessions:
 * here a repeat only finds the answer, or the copy that is under way.
 */
import { equalBytes } from '../base/bytes.js'
import type {
  Answer,
  AnswerCode,
  ClientMessage,
  OpenSession,
  Read,
  SnapshotRequest,
  Write,
} from '../../codec/client-types.js'
import { commandBytes, commandsEntry } from '../../codec/commands.js'
import { commandBytesMax } from '../../codec/limits.js'
import type { Raft } from '../raft/raft.js'
import type { ConfirmedRead, Entry, LogIndex, Refusal } from '../raft/types.js'
import { machineResult } from '../session/machine-result.js'
import type { ExecuteCommand, Outcome } from '../session/types.js'
import type { Link, TransportApi } from '../transport/types.js'
import { QueryTurns, type Query } from './query-turns.js'
import type { ReplicatedState } from './replicated-state.js'
import { RequestCounters, type RequestsStatus } from './request-counters.js'
import { SnapshotRequests, type SnapshotRequestsParts } from './snapshot-requests.js'
import type { Waiter } from './waiters.js'
import { Waiters } from './waiters.js'

const nothing = new Uint8Array(0)
/** Commands that may wait for the end of one turn; a flood beyond it is asked to come back. */
const newCommandsMax = 65_536

interface PendingRead {
  readonly link: Link
  readonly requestId: number
  /** Null: not a query waits for the confirmation but a snapshot that is to be held. */
  readonly query: Uint8Array | null
}

export class ClientService {
  private readonly raft: Raft
  private readonly state: ReplicatedState
  private readonly transport: TransportApi
  private readonly statusJson: () => string
  private readonly snapshots: SnapshotRequests
  private readonly counters = new RequestCounters()
  private readonly waiters = new Waiters()
  private readonly queries: QueryTurns
  /** Commands of this turn, not in the log yet. */
  private newCommands: Waiter[] = []
  private readonly reads = new Map<number, PendingRead>()
  private nextReadToken = 1
  /** Confirmed reads whose index is not applied yet, in the order of their indexes. */
  private confirmedReads: ConfirmedRead[] = []
  private statusOfTurn: Uint8Array | null = null

  constructor(
    raft: Raft,
    state: ReplicatedState,
    transport: TransportApi,
    snapshots: Omit<SnapshotRequestsParts, 'lastApplied' | 'answer'>,
    statusJson: () => string,
  ) {
    this.raft = raft
    this.state = state
    this.transport = transport
    this.statusJson = statusJson
    this.queries = new QueryTurns(snapshots.now, query => this.answerQuery(query))
    this.snapshots = new SnapshotRequests({
      ...snapshots,
      lastApplied: () => state.lastApplied,
      answer: (link, requestId, code, result) => this.answer(link, 'snapshot', requestId, 0, code, result),
    })
  }

  /** What became of the requests so far. */
  get requests(): RequestsStatus {
    return this.counters.describe(this.state.sessions.repeats)
  }

  /**
   * At the beginning of each turn: what was said of the state of things may be so no more, and queries that wait have their
   * time. True: some wait on, for another turn.
   */
  beginTurn(): boolean {
    this.statusOfTurn = null
    return this.queries.takeTurn()
  }

  /** Queries that wait for their turn. */
  get waitingQueries(): number {
    return this.queries.count
  }

  receive(link: Link, message: ClientMessage): void {
    switch (message.type) {
      case 'Write':
        return this.receiveWrite(link, message)
      case 'Read':
        return this.receiveRead(link, message)
      case 'OpenSession':
        return this.receiveOpenSession(link, message)
      case 'StatusRequest':
        return this.answerStatus(link, message.requestId)
      case 'SnapshotRequest':
        return this.receiveSnapshotRequest(link, message)
      case 'Hello':
        return // the transport tells of it by itself
    }
  }

  /**
   * The commands of this turn become entries: as many in one as fill `entryBytesMax` (what fits one datagram to every
   * peer), more only when a single command is larger.
   */
  proposeNewCommands(entryBytesMax: number): void {
    let batch: Waiter[] = []
    let bytes = 0
    for (const waiter of this.newCommands) {
      const more = commandBytes(waiter.command)
      if (batch.length > 0 && bytes + more > entryBytesMax) {
        this.propose(batch)
        batch = []
        bytes = 0
      }
      batch.push(waiter)
      bytes += more
    }
    if (batch.length > 0) this.propose(batch)
    this.newCommands = []
  }

  /** Committed entries are applied in order; whoever waits for one is answered. */
  apply(entry: Entry): void {
    const outcomes = this.state.apply(entry)
    const placed = this.waiters.take(entry.index)
    if (placed === undefined) return
    placed.waiters.forEach((waiter, position) => {
      const outcome = placed.term === entry.term ? outcomes[position] : undefined
      if (outcome === undefined) this.answerWaiter(waiter, 'not-leader')
      else this.answerOutcome(waiter, outcome)
    })
  }

  /** Reads whose leader was confirmed are answered as soon as the state has come to their index. */
  confirmReads(reads: readonly ConfirmedRead[]): void {
    this.confirmedReads.push(...reads)
    let answered = 0
    for (const { token, readIndex } of this.confirmedReads) {
      if (readIndex > this.state.lastApplied) break
      answered++
      const read = this.takeRead(token)
      if (read !== undefined) this.answerRead(read)
    }
    this.confirmedReads.splice(0, answered)
  }

  /** This server led when it took these reads, and leads no more. */
  loseReads(tokens: readonly number[]): void {
    for (const token of tokens) {
      const read = this.takeRead(token)
      if (read === undefined) continue
      if (read.query === null) this.snapshots.refuse(read.link, read.requestId, 'not-leader')
      else this.answer(read.link, 'read', read.requestId, 0, 'not-leader', nothing)
    }
  }

  /** Once a turn. */
  advance(): void {
    this.snapshots.releaseOld()
  }

  /** No longer leader: what becomes of the commands in the log is open, so the clients ask the next leader again. */
  loseLeadership(): void {
    for (const waiter of this.waiters.takeAll()) this.answerWaiter(waiter, 'not-leader')
  }

  private receiveWrite(link: Link, write: Write): void {
    const { counters } = this
    const { sessionId, sequence, answeredUpTo, command } = write
    counters.received++
    if (command.length > commandBytesMax) {
      return this.answer(link, 'write', sequence, sessionId, 'bad-request', nothing)
    }
    const execute: ExecuteCommand = { kind: 'execute', sessionId, sequence, answeredUpTo, command }
    const waiter: Waiter = { command: execute, link, requestId: sequence }
    const known = this.state.sessions.lookup(sessionId, sequence, command)
    if (known !== null) return this.answerKnown(waiter, known)
    if (!this.raft.isLeader) return this.redirect(waiter)
    const underWay = this.waiters.find(sessionId, sequence)
    if (underWay?.command.kind === 'execute' && equalBytes(underWay.command.command, command)) {
      counters.suppressed++
      underWay.link = link
      return
    }
    this.enqueue(waiter)
  }

  private receiveOpenSession(link: Link, open: OpenSession): void {
    const { counters } = this
    counters.received++
    const waiter: Waiter = { command: { kind: 'open' }, link, requestId: open.requestId }
    if (!this.raft.isLeader) return this.redirect(waiter)
    // Each copy would open a session, and be an entry of the log: where nothing commits they would come without end.
    if (this.waiters.isOpening(link, open.requestId)) counters.suppressed++
    else this.enqueue(waiter)
  }

  /** A copy of a request that was executed, or one that bears its number. */
  private answerKnown(waiter: Waiter, known: Outcome): void {
    if (known.code === 'ok') this.counters.answeredFromTable++
    else if (known.code === 'already-answered') this.counters.alreadyAnswered++
    else this.counters.mismatched++
    this.answerOutcome(waiter, known)
  }

  private redirect(waiter: Waiter): void {
    this.counters.redirected++
    this.answerWaiter(waiter, 'not-leader')
  }

  private receiveRead(link: Link, read: Read): void {
    const { requestId, query } = read
    if (read.stale) return this.ask(link, requestId, query)
    const refused = this.confirm({ link, requestId, query })
    if (refused !== null) this.answer(link, 'read', requestId, 0, refused, nothing)
  }

  /** One text for all who ask in a turn: a datagram may hold thousands of such requests, and it takes a while to write. */
  private answerStatus(link: Link, requestId: number): void {
    if (!this.transport.mayAnswer(link)) return
    this.statusOfTurn ??= new TextEncoder().encode(this.statusJson())
    this.answer(link, 'status', requestId, 0, 'ok', this.statusOfTurn)
  }

  /** Has this leader confirmed for a read; or says why that cannot be. */
  private confirm(read: PendingRead): Refusal | null {
    const token = this.nextReadToken++
    const refused = this.raft.readIndex(token)
    if (refused === null) this.reads.set(token, read)
    return refused
  }

  /** What is held for a reader is a read like others: a leader was confirmed after it was asked for. */
  private receiveSnapshotRequest(link: Link, request: SnapshotRequest): void {
    const { requestId, act } = request
    if (act === 'read') return this.snapshots.read(link, request)
    if (!this.snapshots.begin(link, requestId)) return
    if (act === 'take') return this.snapshots.take(link, requestId, false)
    const refused = this.confirm({ link, requestId, query: null })
    if (refused !== null) this.snapshots.refuse(link, requestId, refused)
  }

  private enqueue(waiter: Waiter): void {
    if (this.newCommands.length >= newCommandsMax) {
      this.counters.busy++
      return this.answerWaiter(waiter, 'busy')
    }
    this.waiters.begin(waiter)
    this.newCommands.push(waiter)
  }

  private propose(batch: Waiter[]): void {
    const commands = batch.map(one => one.command)
    const placed: LogIndex | Refusal = this.raft.propose((index, term) => commandsEntry(commands, index, term))
    if (typeof placed === 'number') return this.waiters.place(placed, this.raft.currentTerm, batch)
    for (const waiter of batch) {
      this.waiters.end(waiter)
      if (placed === 'busy') this.counters.busy++
      else if (placed === 'no-space') this.counters.noSpace++
      else this.counters.redirected++
      this.answerWaiter(waiter, placed)
    }
  }

  private takeRead(token: number): PendingRead | undefined {
    const read = this.reads.get(token)
    this.reads.delete(token)
    return read
  }

  private answerRead({ link, requestId, query }: PendingRead): void {
    if (query === null) this.snapshots.take(link, requestId, true)
    else this.ask(link, requestId, query)
  }

  private ask(link: Link, requestId: number, bytes: Uint8Array): void {
    if (this.queries.ask({ link, requestId, bytes })) return
    this.counters.busy++
    this.answer(link, 'read', requestId, 0, 'busy', nothing)
  }

  /**
   * A query changes nothing, so bytes that a machine chokes on are the client's trouble and not this server's end; nor is an answer
   * that cannot be sent. The largest message bears as much as the largest command has.
   */
  private answerQuery({ link, requestId, bytes }: Query): void {
    if (!this.transport.mayAnswer(link)) return
    let result: Uint8Array
    try {
      result = machineResult(this.state.sessions.query(bytes), 'query', commandBytesMax)
    } catch {
      return this.answer(link, 'read', requestId, 0, 'bad-request', nothing)
    }
    this.answer(link, 'read', requestId, 0, 'ok', result)
  }

  private answerOutcome(waiter: Waiter, outcome: Outcome): void {
    switch (outcome.code) {
      case 'ok':
        return this.answerWaiter(waiter, 'ok', outcome.result)
      case 'opened':
        return this.answer(waiter.link, 'open', waiter.requestId, outcome.sessionId, 'ok', nothing)
      case 'already-answered':
        return // the client has its answer; this is a copy that was late
      case 'session-expired':
      case 'request-mismatch':
      case 'sequence-too-far':
        return this.answerWaiter(waiter, outcome.code)
    }
  }

  private answerWaiter(waiter: Waiter, code: AnswerCode, result: Uint8Array = nothing): void {
    const { command } = waiter
    if (command.kind === 'open') this.answer(waiter.link, 'open', waiter.requestId, 0, code, result)
    else this.answer(waiter.link, 'write', waiter.requestId, command.sessionId, code, result)
  }

  private answer(
    link: Link,
    to: Answer['to'],
    requestId: number,
    sessionId: number,
    code: AnswerCode,
    result: Uint8Array,
  ): void {
    const leaderId = code === 'not-leader' ? this.raft.leaderId : 0
    this.transport.send(link, { type: 'Answer', to, requestId, sessionId, code, leaderId, result })
  }
}
