/** The checks between servers on states made by hand: each bad one is called by its name, its good neighbour is not. */
import t from 'tap'
import { ClusterChecks, type NodeView } from '../../../src/sim/search/cluster-checks.js'
import type { History } from '../../../src/sim/search/history.js'
import { historyOf, leaderView, nodeView } from './rig.js'

const nothing = historyOf('', [])

function breachIn(nodes: readonly NodeView[], history: History = nothing): string | undefined {
  return new ClusterChecks().breachIn(nodes, history, null)?.invariant
}

void t.test('Log Matching: an entry of one term at one place stands behind the same entries', t => {
  t.equal(breachIn([nodeView(1, 3, '1 3'), nodeView(2, 3, '2 3'), nodeView(3, 3, '')]), 'Log Matching')
  t.equal(breachIn([nodeView(1, 3, '1 2a'), nodeView(2, 3, '1 2b'), nodeView(3, 3, '')]), 'Log Matching')
  t.equal(breachIn([nodeView(1, 3, '1 2'), nodeView(2, 3, '1 3'), nodeView(3, 3, '1')]), undefined)
  t.end()
})

void t.test('Log Matching: only the changed server is compared, and with all others', t => {
  const changed = nodeView(3, 3, '2 3')
  const nodes = [nodeView(1, 3, '1 3'), nodeView(2, 3, ''), changed]
  t.equal(new ClusterChecks().breachIn(nodes, nothing, changed)?.invariant, 'Log Matching')
  t.equal(new ClusterChecks().breachIn(nodes, nothing, nodes[1]!), null)
  t.end()
})

void t.test('Leader Completeness: a leader of a higher term holds what was committed', t => {
  const history = historyOf('1', [1])
  const bad = [leaderView(1, 3, '3', [0, 0, 0]), nodeView(2, 3, '1 2'), nodeView(3, 3, '1 2')]
  t.equal(breachIn(bad, history), 'Leader Completeness')
  const ofItsTerm = [leaderView(1, 1, '', [0, 0, 0]), nodeView(2, 3, '1'), nodeView(3, 3, '1')]
  t.equal(breachIn(ofItsTerm, history), undefined, 'of a term that is not higher nothing is said')
  t.end()
})

void t.test('Leader Completeness: Figure 8 (c), were the entry of term 2 committed by counting', t => {
  const nodes = ['1 2 4', '1 2', '1 2', '1', '1 3'].map((log, place) => nodeView(place + 1, 4, log))
  t.equal(breachIn(nodes, historyOf('1 2', [2, 4])), 'Leader Completeness', 'S5 could be elected')
  const e = ['1 2 4', '1 2 4', '1 2 4', '1', '1 3'].map((log, place) => nodeView(place + 1, 4, log))
  t.equal(breachIn(e, historyOf('1 2 4', [2, 4, 4])), undefined, 'in (e) nobody without it could be')
  t.end()
})

void t.test('Committed Never Lost: a majority has it on disk', t => {
  const history = historyOf('1 1a', [1, 1])
  const onlyInMemory = nodeView(2, 1, '1 1a', { durableLog: nodeView(2, 1, '1').log })
  const bad = [nodeView(1, 1, '1 1a'), onlyInMemory, nodeView(3, 1, '1')]
  t.equal(breachIn(bad, history), 'Committed Never Lost')
  t.equal(breachIn([nodeView(1, 1, '1 1a'), nodeView(2, 1, '1 1a'), nodeView(3, 1, '1')], history), undefined)
  t.end()
})

void t.test('Acknowledged Is Durable: matchIndex is on the disk of the peer, as long as it is in the same term', t => {
  const leader = leaderView(1, 2, '2 2a', [0, 2, 0])
  t.equal(breachIn([leader, nodeView(2, 2, '2'), nodeView(3, 2, '')]), 'Acknowledged Is Durable', 'missing')
  t.equal(breachIn([leader, nodeView(2, 2, '1 1'), nodeView(3, 2, '')]), 'Acknowledged Is Durable', 'another entry')
  t.equal(breachIn([leader, nodeView(2, 2, '2 2a'), nodeView(3, 2, '')]), undefined)
  t.equal(breachIn([leader, nodeView(2, 3, '3'), nodeView(3, 3, '3')]), undefined, 'a later leader replaced it')
  t.end()
})
