/** What has happened in the cluster that its present state does not tell: who led, and what was committed. */
import type { Entry, LogIndex, ServerId, Term } from '../../raft/types.js'
import type { Breach } from './options.js'
import { entryText } from './records.js'

export interface History {
  /** By term; 0 where nobody has led. */
  readonly leaders: readonly ServerId[]
  /** The committed entries (as text), entry i at place i - 1: what any server ever handed out to be applied. */
  readonly committed: readonly string[]
  /** The term of the server that was the first to call it committed. */
  readonly committedTerms: readonly Term[]
}

export const noHistory: History = { leaders: [], committed: [], committedTerms: [] }

export function historyText({ leaders, committed, committedTerms }: History): string {
  return `${leaders.join()}|${committed.join()}|${committedTerms.join()}`
}

/** A server leads `term`. */
export function withLeader(history: History, term: Term, id: ServerId): History | Breach {
  const known = history.leaders[term] ?? 0
  if (known === id) return history
  if (known !== 0) return { invariant: 'Election Safety', what: `S${known} and S${id} both lead term ${term}` }
  const leaders = Array.from({ length: Math.max(history.leaders.length, term + 1) }, (_, t) => history.leaders[t] ?? 0)
  leaders[term] = id
  return { ...history, leaders }
}

/** A server that is in `term` applies `entries`. */
export function withApplied(history: History, term: Term, id: ServerId, entries: readonly Entry[]): History | Breach {
  const committed = [...history.committed]
  const committedTerms = [...history.committedTerms]
  for (const entry of entries) {
    const text = entryText(entry)
    const known = committed[entry.index - 1]
    if (known === undefined) {
      if (entry.index !== committed.length + 1) {
        return {
          invariant: 'State Machine Safety',
          what: `S${id} applies entry ${entry.index} before those in front of it`,
        }
      }
      committed.push(text)
      committedTerms.push(term)
    } else if (known !== text) {
      const what = `S${id} applies another entry ${entry.index} (of term ${entry.term}) than was applied before`
      return { invariant: 'State Machine Safety', what }
    }
  }
  return committed.length === history.committed.length ? history : { ...history, committed, committedTerms }
}

export function isBreach(answer: History | Breach): answer is Breach {
  return 'invariant' in answer
}

/** Up to where what was committed before `term` goes. */
export function committedBefore({ committedTerms }: History, term: Term): LogIndex {
  let index = 0
  while (index < committedTerms.length && committedTerms[index]! < term) index++
  return index
}
