import t from 'tap'
import { knownLossShare, worstKnownLossShare } from '../../bin/known-loss.js'
import type { ServerReport } from '../../src/client/server-reports.js'

type Reached = Exclude<ServerReport, { role: 'unreachable' }>

/** A server with its peers: how long each was silent, and what is thought to be lost on the way to it. */
function serverOf(id: number, peers: readonly (readonly [id: number, silentMs: number | null, share: number])[]) {
  const described = peers.map(([peerId, silentMs, lossShare]) => ({
    id: peerId,
    silentMs,
    link: { sent: 9, lossShare },
  }))
  return { id, role: 'follower', peers: described } as unknown as Reached
}

void t.test('what is lost between two that hear each other is known', t => {
  const [one, two] = [serverOf(1, [[2, 30, 0.2]]), serverOf(2, [[1, 999, 0.1]])]
  t.equal(knownLossShare(one, one.peers[0]!, [one, two]), 0.2)
  t.equal(knownLossShare(one, one.peers[0]!, [one]), 0.2, 'the other one cannot be asked: it was heard')
  t.equal(worstKnownLossShare(two, [one, two]), 0.1)
  t.end()
})

void t.test('regression_loss_to_a_silent_peer_is_not_what_it_was_before', t => {
  const silent = serverOf(1, [[2, 4_000, 0.2]])
  t.equal(knownLossShare(silent, silent.peers[0]!, [silent]), null)
  const never = serverOf(1, [[2, null, 0]])
  t.equal(knownLossShare(never, never.peers[0]!, [never]), null)
  t.equal(worstKnownLossShare(never, [never]), null, 'and not 0')
  t.end()
})

void t.test('regression_loss_where_everything_is_lost_one_way_is_not_what_it_was_before', t => {
  const one = serverOf(1, [
    [2, 30, 0.2],
    [3, 30, 0.05],
  ])
  const deaf = serverOf(2, [[1, 4_000, 0]])
  t.equal(knownLossShare(one, one.peers[0]!, [one, deaf]), null, 'it speaks, and hears nothing')
  t.equal(knownLossShare(deaf, deaf.peers[0]!, [one, deaf]), null)
  t.equal(worstKnownLossShare(one, [one, deaf]), 0.05)
  t.end()
})
