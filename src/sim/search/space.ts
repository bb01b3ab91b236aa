/**
 * The states of a cluster and the steps between them. A state is a short list of numbers: the budgets used, the history,
 * the servers, and the messages under way in ascending order; what a number stands for is kept here, once. A step changes
 * one server only, and does the same to it in every state: the core runs once for each different pair of a server's state
 * and a fact, and all other steps are arithmetic on the lists.
 */
import { isAdmitted } from '../../raft/admission.js'
import type { Entry, Incarnation, LogIndex, OutgoingMessage, ServerId } from '../../raft/types.js'
import {
  aboutOf,
  diskLost,
  actionOf,
  isAboutMessage,
  kindOf,
  kinds,
  otherOf,
  serverAnd,
  serverOf,
  snapshotKept,
  usedOf,
  withOneMore,
  type Action,
} from './actions.js'
import { ClusterChecks, type LogView, type NodeView } from './cluster-checks.js'
import { mix } from './hash.js'
import { historyText, isBreach, noHistory, withApplied, withLeader, type History } from './history.js'
import { Interned } from './interned.js'
import { messageRank, messageText } from './message-text.js'
import { firstIncarnation, maySnapshot, nodeText, type Node } from './node.js'
import type { Breach, SearchSettings } from './options.js'
import { entryText } from './records.js'
import { firstNode, takeStep, type Fact } from './step.js'

/** [budgets used, history, one per server, messages ...] */
export type State = number[]

/** Places in a state. */
export const usedAt = 0
const historyAt = 1
const nodesAt = 2

interface InternedNode {
  readonly node: Node
  readonly view: NodeView
  readonly outcomes: Map<number, Outcome>
}

/** What a fact does to a server. */
interface Outcome {
  readonly node: number
  readonly sent: readonly number[]
  readonly applied: readonly Entry[]
  readonly breach: Breach | null
}

export interface InternedMessage {
  readonly text: string
  readonly outgoing: OutgoingMessage
  /** Of its sender. */
  readonly incarnation: Incarnation
  readonly link: number
  readonly rank: number
}

/** A read's number and the floor of the committed entries share an action's lower bits. */
const floorsMax = 64

export class Space {
  readonly settings: SearchSettings
  /** The state that `apply` reached. */
  readonly next: State = []
  private readonly nodes = new Interned<InternedNode>()
  private readonly messages = new Interned<InternedMessage>()
  private readonly histories = new Interned<History>()
  private readonly logs = new Interned<LogView>()
  private readonly checks = new ClusterChecks()
  private readonly messagesAt: number
  private readonly views: NodeView[] = []
  private changed: NodeView | null = null

  constructor(settings: SearchSettings) {
    this.settings = settings
    this.messagesAt = nodesAt + settings.ids.length
  }

  get serverStates(): number {
    return this.nodes.size
  }

  /** All servers have started for the first time. */
  first(): State {
    const history = this.histories.numberOf(historyText(noHistory), () => noHistory)
    return [0, history, ...this.settings.ids.map(id => this.numberOfNode(firstNode(id, this.settings)))]
  }

  message(number: number): InternedMessage {
    return this.messages.at(number)
  }

  nodeOf(state: State, id: ServerId): Node {
    return this.nodes.at(state[nodesAt + id - 1]!).node
  }

  historyOf(state: State): History {
    return this.histories.at(state[historyAt]!)
  }

  /** The numbers of the messages under way. */
  messagesOf(state: State): readonly number[] {
    return state.slice(this.messagesAt)
  }

  /** Every action that the budgets allow in `state`, into `actions`. */
  actionsIn(state: State, limits: number, actions: Action[]): void {
    actions.length = 0
    const used = state[usedAt]!
    const may = (kind: number) => usedOf(used, kind) < usedOf(limits, kind)
    const mayCopy = may(kinds.copy)
    const mayLose = may(kinds.lose)
    const mayHold = may(kinds.hold)
    for (let at = this.messagesAt; at < state.length; at++) {
      const message = state[at]!
      actions.push(actionOf(kinds.deliver, message))
      if (mayCopy) actions.push(actionOf(kinds.copy, message))
      if (mayLose) actions.push(actionOf(kinds.lose, message))
      if (mayHold) actions.push(actionOf(kinds.hold, message))
    }
    const { settings } = this
    const mayWipe = settings.wipes > 0 && this.disksLost(state) < settings.wipes
    // Until the first timeout all servers are alike, so it may as well be the first one's.
    const isFirstTimeout = usedOf(used, kinds.stand) === 0
    for (const id of this.settings.ids) {
      const { view, node } = this.nodes.at(state[nodesAt + id - 1]!)
      if (may(kinds.stand) && (!isFirstTimeout || id === 1)) actions.push(actionOf(kinds.stand, id))
      if (may(kinds.heartbeat)) actions.push(actionOf(kinds.heartbeat, id))
      if (may(kinds.overdue)) actions.push(actionOf(kinds.overdue, id))
      if (node.writes.length > 0) actions.push(actionOf(kinds.written, id))
      if (may(kinds.crash)) {
        for (let kept = 0; kept <= node.writes.length; kept++) {
          actions.push(actionOf(kinds.crash, serverAnd(id, kept)))
          if (node.installing !== null) actions.push(actionOf(kinds.crash, serverAnd(id, kept + snapshotKept)))
        }
        if (mayWipe) actions.push(actionOf(kinds.crash, serverAnd(id, diskLost)))
      }
      if (node.installing !== null || node.received !== null) actions.push(actionOf(kinds.installed, id))
      if (may(kinds.snapshot) && maySnapshot(node)) actions.push(actionOf(kinds.snapshot, id))
      if (!view.isLeader) continue
      if (may(kinds.propose)) actions.push(actionOf(kinds.propose, id))
      if (may(kinds.read)) actions.push(actionOf(kinds.read, id))
      if (!may(kinds.transfer)) continue
      for (const to of this.settings.ids) if (to !== id) actions.push(actionOf(kinds.transfer, serverAnd(id, to)))
    }
  }

  /**
   * Takes `action` in `state`; the state that it leads to is in `next`. `nothing`: it changes nothing but budgets, or
   * wastes a message, and no search needs it.
   */
  apply(state: State, action: Action): Breach | 'changed' | 'nothing' {
    const kind = kindOf(action)
    const about = aboutOf(action)
    const { next } = this
    next.length = 0
    for (const number of state) next.push(number)
    next[usedAt] = withOneMore(state[usedAt]!, kind)
    this.changed = null
    let id: ServerId
    if (isAboutMessage(kind)) {
      if (kind !== kinds.copy) next.splice(next.indexOf(about, this.messagesAt), 1)
      if (kind === kinds.lose) return 'changed'
      id = this.messages.at(about).outgoing.to
    } else {
      id = serverOf(kind, about)
    }
    const place = nodesAt + id - 1
    const outcome = this.outcomeOf(state, place, kind, about)
    if (outcome.breach !== null) return outcome.breach
    if (outcome.node === state[place] && outcome.sent.length === 0) return 'nothing'
    next[place] = outcome.node
    for (const message of outcome.sent) this.send(message)
    this.changed = this.nodes.at(outcome.node).view
    return this.remember(this.changed, outcome.applied) ?? 'changed'
  }

  /** Which invariant does not hold in `next`, which differs from a checked state by one step? */
  breachInNext(): Breach | null {
    if (this.changed === null) return null
    const { views, next } = this
    for (let place = 0; place < this.settings.ids.length; place++) {
      views[place] = this.nodes.at(next[nodesAt + place]!).view
    }
    return this.checks.breachIn(views, this.histories.at(next[historyAt]!), this.changed)
  }

  /** 64 bits that depend on what the numbers of `state` stand for, not on the numbers. */
  hashOf(state: State, hash: { low: number; high: number }): void {
    const { nodes, histories, messages, messagesAt } = this
    let low = mix(state[usedAt]! ^ 0x3c6ef372) ^ histories.low(state[historyAt]!)
    let high = mix(state[usedAt]! ^ 0x1b873593) ^ histories.high(state[historyAt]!)
    for (let at = nodesAt; at < messagesAt; at++) {
      low = (Math.imul(low, 0x85ebca6b) + nodes.low(state[at]!)) | 0
      high = (Math.imul(high, 0xc2b2ae35) + nodes.high(state[at]!)) | 0
    }
    // The order of the messages is that of their numbers, which differ between runs: a sum has none.
    let sumLow = 0
    let sumHigh = 0
    for (let at = messagesAt; at < state.length; at++) {
      sumLow = (sumLow + messages.low(state[at]!)) | 0
      sumHigh = (sumHigh + messages.high(state[at]!)) | 0
    }
    hash.low = mix(low ^ Math.imul(sumLow, 0x27d4eb2f))
    hash.high = mix(high ^ Math.imul(sumHigh, 0x165667b1))
  }

  private outcomeOf(state: State, place: number, kind: number, about: number): Outcome {
    const from = this.nodes.at(state[place]!)
    let detail = about
    if (kind === kinds.propose || kind === kinds.read) {
      detail = usedOf(state[usedAt]!, kind) + 1
      if (kind === kinds.read) detail = detail * floorsMax + this.histories.at(state[historyAt]!).committed.length
    }
    const key = actionOf(kind === kinds.copy ? kinds.deliver : kind, detail)
    let outcome = from.outcomes.get(key)
    if (outcome === undefined) {
      outcome = this.run(from.node, this.factOf(kind, detail))
      from.outcomes.set(key, outcome)
    }
    return outcome
  }

  private run(from: Node, fact: Fact): Outcome {
    const { node, messages, applied, breach } = takeStep(from, fact, this.settings)
    if (breach !== null) return { node: -1, sent: [], applied, breach }
    return {
      node: this.numberOfNode(node),
      sent: messages.map(outgoing => this.numberOfMessage(outgoing, node.incarnation)),
      applied,
      breach,
    }
  }

  private factOf(kind: number, about: number): Fact {
    switch (kind) {
      case kinds.stand:
        return { what: 'stand' }
      case kinds.heartbeat:
        return { what: 'heartbeat' }
      case kinds.overdue:
        return { what: 'overdue' }
      case kinds.written:
        return { what: 'written' }
      case kinds.propose:
        return { what: 'propose', command: about }
      case kinds.crash:
        if (otherOf(about) === diskLost) return { what: 'wipe' }
        return {
          what: 'crash',
          writesKept: otherOf(about) & (snapshotKept - 1),
          isSnapshotKept: otherOf(about) >= snapshotKept,
        }
      case kinds.snapshot:
        return { what: 'snapshot' }
      case kinds.installed:
        return { what: 'installed' }
      case kinds.read:
        return { what: 'read', number: Math.floor(about / floorsMax), floor: about % floorsMax }
      case kinds.transfer:
        return { what: 'transfer', to: otherOf(about) }
      default: {
        const { outgoing, incarnation } = this.messages.at(about)
        return { what: 'receive', message: outgoing.message, incarnation, isHeld: kind === kinds.hold }
      }
    }
  }

  /** A message is under way; one equal to another is that one, and a full link loses its most outdated one. */
  private send(message: number): void {
    const { next, messages } = this
    if (next.includes(message, this.messagesAt)) return
    const { link } = messages.at(message)
    let onLink = 0
    let outdated = message
    for (let at = this.messagesAt; at < next.length; at++) {
      const other = next[at]!
      if (messages.at(other).link !== link) continue
      onLink++
      if (this.isOlder(other, outdated)) outdated = other
    }
    if (onLink >= this.settings.linkMessagesMax) {
      if (outdated === message) return
      next.splice(next.indexOf(outdated, this.messagesAt), 1)
    }
    let at = next.length
    while (at > this.messagesAt && next[at - 1]! > message) at--
    next.splice(at, 0, message)
  }

  private isOlder(a: number, b: number): boolean {
    const messageA = this.messages.at(a)
    const messageB = this.messages.at(b)
    if (messageA.rank !== messageB.rank) return messageA.rank < messageB.rank
    return messageA.text < messageB.text
  }

  private remember(node: NodeView, applied: readonly Entry[]): Breach | null {
    let history = this.histories.at(this.next[historyAt]!)
    const before = history
    if (node.isLeader && history.leaders[node.term] !== node.id) {
      const answer = withLeader(history, node.term, node.id)
      if (isBreach(answer)) return answer
      history = answer
    }
    if (applied.length > 0) {
      const answer = withApplied(history, node.term, node.id, applied)
      if (isBreach(answer)) return answer
      history = answer
    }
    if (history !== before) this.next[historyAt] = this.histories.numberOf(historyText(history), () => history)
    return null
  }

  private disksLost(state: State): number {
    let lost = 0
    for (const id of this.settings.ids) lost += this.nodeOf(state, id).incarnation - firstIncarnation
    return lost
  }

  private numberOfMessage(outgoing: OutgoingMessage, incarnation: Incarnation): number {
    const text = messageText(outgoing) + (incarnation > firstIncarnation ? `~${incarnation}` : '')
    return this.messages.numberOf(text, () => {
      return { text, outgoing, incarnation, link: outgoing.message.from * 8 + outgoing.to, rank: messageRank(outgoing) }
    })
  }

  private numberOfNode(node: Node): number {
    return this.nodes.numberOf(nodeText(node), () => ({ node, view: this.viewOf(node), outcomes: new Map() }))
  }

  private viewOf({ raft, entries, incarnation }: Node): NodeView {
    const { id, currentTerm: term, log, role } = raft.server
    const incarnationOf = (peer: ServerId): Incarnation =>
      role.name === 'leader' ? (role.peers.get(peer)?.incarnation ?? 0) : 0
    const matchIndexOf = (peer: ServerId): LogIndex =>
      role.name === 'leader' ? (role.peers.get(peer)?.matchIndex ?? 0) : 0
    return {
      id,
      term,
      isLeader: role.name === 'leader',
      // What the log has no longer is what the disk has of it: only what is durable and committed goes.
      log: this.logView([...entries.slice(0, log.baseIndex), ...log.range(log.firstIndex, log.lastIndex)]),
      durableLog: this.logView(entries),
      matchIndexes: role.name === 'leader' ? this.settings.ids.map(matchIndexOf) : [],
      peerIncarnations: role.name === 'leader' ? this.settings.ids.map(incarnationOf) : [],
      incarnation,
      mayFound: raft.server.options.mayFound,
      isAdmitted: isAdmitted(raft.server),
      counted: log.admitted.standings,
    }
  }

  private logView(entries: readonly Entry[]): LogView {
    const texts = entries.map(entryText)
    const id = this.logs.numberOf(texts.join(), () => ({ id: this.logs.size, texts, terms: entries.map(e => e.term) }))
    return this.logs.at(id)
  }
}
