import t from 'tap'
import { ReceiveShare } from '../../src/transport/receive-share.js'

void t.test('a third of the buffer, divided among those who may send', t => {
  const share = new ReceiveShare(3_000_000)
  t.equal(share.windowBytes(0, 0), 1_000_000, 'nobody yet: all for the first')
  t.equal(share.windowBytes(4, 0), 250_000)
  for (let client = 0; client < 6; client++) share.heard(-Infinity, 10)
  t.equal(share.windowBytes(4, 10), 100_000)
  for (let i = 0; i < 100; i++) share.heard(10, 20)
  t.equal(share.windowBytes(4, 20), 100_000, 'who is heard again counts once')
  t.equal(share.windowBytes(4, 2_500), 100_000, 'and for a while')
  t.equal(share.windowBytes(4, 9_000), 250_000, 'but not for ever')
  t.end()
})

void t.test('whoever keeps sending keeps counting', t => {
  const share = new ReceiveShare(300)
  let lastHeardAtMs = -Infinity
  for (let nowMs = 0; nowMs < 20_000; nowMs += 300) {
    share.heard(lastHeardAtMs, nowMs)
    lastHeardAtMs = nowMs
    t.equal(share.windowBytes(1, nowMs), 50)
  }
  t.end()
})
