/** What must hold at one server, whatever the others do: checked once for each different step. */
import { InvariantError } from '../../base/assert.js'
import type { Server } from '../../raft/server.js'
import type { HardState, OutgoingMessage } from '../../raft/types.js'
import type { Node } from './node.js'
import type { Breach, Invariant } from './options.js'
import { entryText } from './records.js'

export class BreachError extends Error {
  override readonly name = 'BreachError'
  readonly breach: Breach

  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`)
    this.breach = { invariant, what }
  }
}

export function hold(condition: boolean, invariant: Invariant, what: () => string): void {
  if (!condition) throw new BreachError(invariant, what())
}

const namesOfWords: readonly (readonly [RegExp, Invariant])[] = [
  [/Leader Append-Only/, 'Leader Append-Only'],
  [/one vote in a term/, 'One Vote Per Term'],
  [/never goes back/, 'Monotonic'],
  [
    /a committed entry is never replaced|replaces no committed one|committed entry .* in the leader's log too/,
    'State Machine Safety',
  ],
  [/has one leader|does not lead term/, 'Election Safety'],
  [/only what is durable is acknowledged/, 'Acknowledged Is Durable'],
]

/** A broken assertion of the core, of its invariants or of a step, as a breach with a name. Other errors go on. */
export function breachOf(error: unknown): Breach {
  if (error instanceof BreachError) return error.breach
  if (!(error instanceof InvariantError || error instanceof TypeError)) throw error
  const what = error.message.replace(/^broken invariant: /, '')
  const named = namesOfWords.find(([words]) => words.test(what))
  return { invariant: named?.[1] ?? 'Server State', what }
}

/** A hard state on its way to the disk, which holds `before`. */
export function checkHardState(id: number, before: HardState, next: HardState): void {
  hold(
    next.currentTerm >= before.currentTerm,
    'Monotonic',
    () => `the currentTerm on the disk of S${id} never goes back`,
  )
  const mayVote = next.currentTerm > before.currentTerm || before.votedFor === 0 || next.votedFor === before.votedFor
  hold(
    mayVote,
    'One Vote Per Term',
    () => `the vote of S${id} in term ${next.currentTerm} is never changed on its disk`,
  )
}

/** What a message promises is on the disk of its sender when it leaves. So nothing that was promised ends in a crash. */
export function checkLeaving({ to, message }: OutgoingMessage, node: Node): void {
  const { hardState } = node
  const { term, from, type } = message
  hold(term <= hardState.currentTerm, 'Monotonic', () => `term ${term} is on the disk of S${from} before it says so`)
  const isVote = type === 'RequestVoteReply' && message.granted && !message.preVote
  const isCandidacy = type === 'RequestVote' && !message.preVote
  if (!isVote && !isCandidacy) return
  const votedFor = isVote ? to : from
  hold(
    hardState.currentTerm === message.campaignTerm && hardState.votedFor === votedFor,
    'One Vote Per Term',
    () => `the vote of S${from} for S${votedFor} in term ${message.campaignTerm} is on its disk before it says so`,
  )
}

/** What a reply acknowledges is in the log and on the disk of its sender when it is derived. */
export function checkAcknowledged(server: Server, node: Node, messages: readonly OutgoingMessage[]): void {
  for (const { message } of messages) {
    if (message.type === 'InstallSnapshotReply' && message.persisted) {
      const { lastIncludedIndex: index, lastIncludedTerm: term } = message
      hold(
        node.entries[index - 1]?.term === term,
        'Acknowledged Is Durable',
        () => `S${server.id} has what a snapshot covers up to ${index} on disk, as it says`,
      )
    }
    if (message.type !== 'AppendEntriesReply' || message.matchIndex === 0) continue
    const { matchIndex } = message
    const durable = node.entries[matchIndex - 1]
    const isHeld =
      durable !== undefined &&
      matchIndex <= server.log.lastIndex &&
      (matchIndex <= server.log.baseIndex || entryText(durable) === entryText(server.log.at(matchIndex)))
    hold(
      isHeld,
      'Acknowledged Is Durable',
      () => `S${server.id} has entry ${matchIndex}, which it acknowledges, on disk`,
    )
  }
}
