/** Logs and servers as the checks of a search see them, from the terms of their entries. */
import type { LogView, NodeView } from '../../../src/sim/search/cluster-checks.js'
import type { History } from '../../../src/sim/search/history.js'

const logs = new Map<string, LogView>()

/** A log by the texts of its entries; the term is the number that a text begins with. Equal logs are the same object. */
export function logOf(texts: string): LogView {
  let log = logs.get(texts)
  if (log === undefined) {
    const entries = texts.split(' ').filter(text => text !== '')
    log = { id: logs.size, texts: entries, terms: entries.map(text => parseInt(text, 10)) }
    logs.set(texts, log)
  }
  return log
}

/** A follower of `term`, with everything on its disk unless told otherwise. */
export function nodeView(id: number, term: number, texts: string, some: Partial<NodeView> = {}): NodeView {
  const log = logOf(texts)
  const peers = { matchIndexes: [], peerIncarnations: [0, 0, 0, 0, 0], counted: null }
  return {
    ...{ id, term, isLeader: false, log, durableLog: log, incarnation: 0, mayFound: true, isAdmitted: true },
    ...peers,
    ...some,
  }
}

export function leaderView(id: number, term: number, texts: string, matchIndexes: number[]): NodeView {
  return nodeView(id, term, texts, { isLeader: true, matchIndexes })
}

export function historyOf(committed: string, committedTerms: number[]): History {
  return { leaders: [], committed: committed.split(' ').filter(text => text !== ''), committedTerms }
}
