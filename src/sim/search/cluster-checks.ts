/** What must hold between servers (Figure 3 of the paper, and what its proofs rest on), given what each of them is. */
import { majority } from '../../raft/quorum.js'
import type { Incarnation, LogIndex, ServerId, Term } from '../../raft/types.js'
import { committedBefore, type History } from './history.js'
import type { Breach } from './options.js'

/** A log by the texts of its entries. Equal logs are one and the same object, so answers about two can be kept. */
export interface LogView {
  readonly id: number
  readonly texts: readonly string[]
  readonly terms: readonly Term[]
}

/** What a check looks at of a server. */
export interface NodeView {
  readonly id: ServerId
  readonly term: Term
  readonly isLeader: boolean
  readonly log: LogView
  readonly durableLog: LogView
  /** Of a leader: by place of the peer in the cluster, its own 0. Of the others: empty. */
  readonly matchIndexes: readonly LogIndex[]
  /** Whose they are, in the same order. */
  readonly peerIncarnations: readonly Incarnation[]
  readonly incarnation: Incarnation
  readonly mayFound: boolean
  /** Does it vote and campaign (admission.ts)? */
  readonly isAdmitted: boolean
  /** Whom its log admits; null where it names nobody. */
  readonly counted: ReadonlyMap<ServerId, { readonly incarnation: Incarnation; readonly counts: boolean }> | null
}

/** More different logs than this are not met in one search. */
const logsMax = 2 ** 24

export class ClusterChecks {
  private readonly matching = new Map<number, number>()

  /** Checks a state in which `changed` is new and the other servers are as they were, or all of it for null. */
  breachIn(nodes: readonly NodeView[], history: History, changed: NodeView | null): Breach | null {
    return (
      this.logMatching(nodes, changed) ??
      matchIndexes(nodes, changed) ??
      leaderCompleteness(nodes, history) ??
      neverLost(nodes, history)
    )
  }

  private logMatching(nodes: readonly NodeView[], changed: NodeView | null): Breach | null {
    for (const a of nodes) {
      for (const b of nodes) {
        if (changed === null ? a.id >= b.id : a !== changed || b === changed) continue
        const index = this.firstMismatch(a.log, b.log)
        if (index > 0) {
          const what = `S${a.id} and S${b.id} hold entries of one term at one place, and differ in entry ${index}`
          return { invariant: 'Log Matching', what }
        }
      }
    }
    return null
  }

  private firstMismatch(a: LogView, b: LogView): LogIndex {
    if (a === b || a.texts.length === 0 || b.texts.length === 0) return 0
    const key = a.id < b.id ? a.id * logsMax + b.id : b.id * logsMax + a.id
    let known = this.matching.get(key)
    if (known === undefined) this.matching.set(key, (known = mismatchOf(a, b)))
    return known
  }
}

/** "If two logs contain an entry with the same index and term, then the logs are identical up to that index." */
function mismatchOf(a: LogView, b: LogView): LogIndex {
  let last = Math.min(a.texts.length, b.texts.length)
  while (last > 0 && a.terms[last - 1] !== b.terms[last - 1]) last--
  for (let index = 1; index <= last; index++) if (a.texts[index - 1] !== b.texts[index - 1]) return index
  return 0
}

/** What a leader counts for a peer is on that peer's disk, and agrees: as long as the peer is in the leader's term. */
function matchIndexes(nodes: readonly NodeView[], changed: NodeView | null): Breach | null {
  for (const leader of nodes) {
    if (!leader.isLeader) continue
    for (let place = 0; place < nodes.length; place++) {
      const peer = nodes[place]!
      const matchIndex = leader.matchIndexes[place]!
      if (matchIndex === 0 || peer.term !== leader.term) continue
      if (peer.incarnation !== leader.peerIncarnations[place]) continue
      if (changed !== null && changed !== leader && changed !== peer) continue
      const text = peer.durableLog.texts[matchIndex - 1]
      if (text !== undefined && text === leader.log.texts[matchIndex - 1]) continue
      const what = `S${peer.id} has entry ${matchIndex} of S${leader.id} on disk, as its matchIndex says`
      return { invariant: 'Acknowledged Is Durable', what }
    }
  }
  return null
}

/**
 * "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all
 * higher-numbered terms." Who could be elected as the logs stand now counts as well: what the proof of section 5.4.3
 * excludes is found one election before it does harm.
 */
function leaderCompleteness(nodes: readonly NodeView[], history: History): Breach | null {
  const { length } = history.committed
  if (length === 0) return null
  const invariant = 'Leader Completeness'
  for (const node of nodes) {
    const missing = firstMissing(node.log, history, length)
    if (missing === 0) continue
    if (node.isLeader && missing <= committedBefore(history, node.term)) {
      return { invariant, what: `S${node.id} leads term ${node.term} without the committed entry ${missing}` }
    }
    let votes = 0
    for (const voter of nodes) if (wouldVoteFor(voter, node)) votes++
    if (votes >= majority(nodes.length)) {
      return { invariant, what: `S${node.id} could be elected without the committed entry ${missing}` }
    }
  }
  return null
}

/** Would the voter elect this candidate, and would its vote count? */
function wouldVoteFor(voter: NodeView, candidate: NodeView): boolean {
  if (!isUpToDate(candidate.log, voter.log)) return false
  const areFounding = candidate.log.texts.length === 0 && candidate.mayFound && voter.mayFound
  if (!areFounding && !(candidate.isAdmitted && voter.isAdmitted)) return false
  const standing = candidate.counted?.get(voter.id)
  return candidate.counted === null || (standing?.counts === true && standing.incarnation === voter.incarnation)
}

/** Is `log` at least as up to date as the voter's (section 5.4.1)? */
function isUpToDate({ terms }: LogView, { terms: voter }: LogView): boolean {
  const lastTerm = terms[terms.length - 1] ?? 0
  const voterLastTerm = voter[voter.length - 1] ?? 0
  return lastTerm > voterLastTerm || (lastTerm === voterLastTerm && terms.length >= voter.length)
}

/** What is committed stays on the disks of a majority; where a disk was lost, until that server is admitted again. */
function neverLost(nodes: readonly NodeView[], history: History): Breach | null {
  const { length } = history.committed
  if (length === 0) return null
  let holders = 0
  for (const node of nodes) if (isLost(node) || firstMissing(node.durableLog, history, length) === 0) holders++
  if (holders >= majority(nodes.length)) return null
  for (let index = 1; index <= length; index++) {
    const held = nodes.filter(
      node => isLost(node) || node.durableLog.texts[index - 1] === history.committed[index - 1],
    ).length
    if (held < majority(nodes.length)) {
      return {
        invariant: 'Committed Never Lost',
        what: `entry ${index} is committed and on ${held} of ${nodes.length} disks`,
      }
    }
  }
  return null
}

function isLost({ isAdmitted, mayFound }: NodeView): boolean {
  return !isAdmitted && !mayFound
}

function firstMissing({ texts }: LogView, { committed }: History, length: number): LogIndex {
  for (let index = 1; index <= length; index++) if (texts[index - 1] !== committed[index - 1]) return index
  return 0
}
