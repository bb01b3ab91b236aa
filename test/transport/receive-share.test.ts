import t from 'tap'
import { busyDatagrams, ReceiveShare, SenderActivity } from '../../src/transport/receive-share.js'

/** So many who each sent one datagram. */
function heard(share: ReceiveShare, count: number, nowMs: number): SenderActivity[] {
  const senders = Array.from({ length: count }, () => new SenderActivity())
  for (const sender of senders) share.heard(sender, nowMs)
  return senders
}

void t.test('a third of the buffer, divided among those who may send', t => {
  const share = new ReceiveShare(3_000_000)
  t.equal(share.windowBytes(null, 0, 0), 1_000_000, 'nobody yet: all for the first')
  t.same([share.peerWindowBytes(4, 0), share.windowBytes(null, 4, 0)], [250_000, 200_000], 'regression_never_0')
  const [sender] = heard(share, 1, 10)
  t.same([share.peerWindowBytes(4, 10), share.windowBytes(sender!, 4, 10)], [200_000, 200_000])
  for (let i = 0; i < busyDatagrams / 2; i++) share.heard(sender!, 20)
  t.equal(share.windowBytes(sender!, 4, 20), 200_000, 'who is heard again counts once')
  t.equal(share.windowBytes(sender!, 4, 2_500), 200_000, 'and for a while')
  heard(share, 2, 2_600)
  t.equal(share.peerWindowBytes(4, 2_600), Math.floor(1_000_000 / 6))
  t.equal(share.peerWindowBytes(4, 9_000), 250_000, 'but not for ever')
  t.end()
})

void t.test('peers have half of it, however many others there are', t => {
  const share = new ReceiveShare(3_000_000)
  heard(share, 1_000, 10)
  t.same([share.peerWindowBytes(4, 10), share.windowBytes(null, 4, 10)], [125_000, 500])
  t.end()
})

void t.test('regression_a_thousand_idle_clients_do_not_take_the_buffer_from_one_that_works', t => {
  const share = new ReceiveShare(3_000_000)
  const [busy, idle] = heard(share, 1_000, 10)
  for (let i = 1; i < busyDatagrams; i++) share.heard(busy!, 20)
  t.same([share.windowBytes(busy!, 4, 20), share.windowBytes(idle!, 4, 20)], [250_000, 500])
  share.heard(busy!, 2_010)
  t.equal(share.windowBytes(busy!, 4, 2_020), 250_000, 'it sent much in the period before')
  share.heard(busy!, 4_010)
  t.equal(share.windowBytes(busy!, 4, 4_010), 200_000, 'it has ceased to, and the others are gone')
  t.notOk(busy!.isBusy)
  t.end()
})

void t.test('whoever keeps sending keeps counting', t => {
  const share = new ReceiveShare(300)
  const sender = new SenderActivity()
  for (let nowMs = 0; nowMs < 20_000; nowMs += 300) {
    share.heard(sender, nowMs)
    t.equal(share.windowBytes(sender, 1, nowMs), 50)
    t.equal(share.peerWindowBytes(1, nowMs), 50)
  }
  t.end()
})
