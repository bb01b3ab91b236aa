import fc from 'fast-check'
import t from 'tap'
import { FlowWindow } from '../../src/transport/flow-window.js'
import { chargedBytes } from '../../src/transport/kernel-charge.js'

const payload = 1_200
const charge = chargedBytes(payload)

void t.test('an acknowledgement frees its packet and all before it', t => {
  const flow = new FlowWindow(1_000)
  flow.advertisedBytes = 10 * charge
  for (let i = 0; i < 5; i++) t.equal(flow.number(payload, i), 1_000 + i)
  t.equal(flow.inFlightBytes, 5 * charge)
  t.equal(flow.roomBytes, 5 * charge)
  t.equal(flow.acked(1_002, 10), 8, 'ms since packet 1,002 went')
  t.equal(flow.inFlightBytes, 2 * charge)
  t.equal(flow.acked(1_002, 11), -1, 'nothing new')
  t.equal(flow.acked(1_001, 11), -1, 'an older one, late')
  t.equal(flow.acked(1_005, 11), -1, 'never sent')
  t.equal(flow.acked(0, 11), -1)
  t.equal(flow.inFlightBytes, 2 * charge)
  t.equal(flow.acked(1_004, 12), 8)
  t.equal(flow.inFlightBytes, 0)
  t.equal(flow.lastNumber, 1_004)
  t.end()
})

void t.test(
  'what is too old counts as gone, takes half of itself from the window, and an acknowledgement gives it back',
  t => {
    const flow = new FlowWindow(1)
    const window = 100 * charge
    flow.advertisedBytes = window
    for (let i = 0; i < 100; i++) flow.number(payload, 0)
    t.equal(flow.roomBytes, 0)
    t.equal(flow.nextExpiryMs(20), 80, 'four round trips')
    t.equal(flow.nextExpiryMs(1), 50, 'at least')
    t.equal(flow.nextExpiryMs(1_000), 500, 'at most')
    t.equal(flow.nextExpiryMs(0), 500, 'unknown')
    flow.expire(79, 20)
    t.equal(flow.inFlightBytes, window)
    flow.expire(80, 20)
    t.equal(flow.inFlightBytes, 0)
    t.equal(flow.limitBytes, window / 2)
    t.equal(flow.nextExpiryMs(20), Infinity)
    t.equal(flow.acked(40, 90), 90, 'late, but it says how late')
    t.equal(flow.limitBytes, 90 * charge)
    flow.acked(100, 91)
    t.equal(flow.limitBytes, window)
    t.end()
  },
)

void t.test('whatever the length of a pause, the receiver never gets two windows', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 40_000, max: 3_000_000 }),
      fc.integer({ min: 100, max: 3_000 }),
      fc.integer({ min: 1, max: 32_768 }),
      (windowBytes, pauseMs, payloadBytes) => {
        const flow = new FlowWindow(1)
        flow.advertisedBytes = windowBytes
        const charged = chargedBytes(payloadBytes)
        let sentBytes = 0
        for (let nowMs = 0; nowMs < pauseMs; nowMs += 5) {
          flow.expire(nowMs, 1)
          while (flow.roomBytes >= charged) {
            flow.number(payloadBytes, nowMs)
            sentBytes += charged
          }
        }
        // What every side accepts at any time comes on top, once in 50 ms.
        return sentBytes <= 2 * windowBytes + (pauseMs / 50 + 1) * 16_384
      },
    ),
    { numRuns: 200 },
  )
  t.end()
})

void t.test('memory of what is gone is bounded', t => {
  const flow = new FlowWindow(1)
  for (let nowMs = 0; nowMs < 100_000; nowMs += 10) {
    flow.expire(nowMs, 1)
    flow.number(payload, nowMs)
  }
  t.ok((flow as unknown as { sent: unknown[] }).sent.length < 250)
  t.notOk(flow.isUnacked(1), 'forgotten')
  t.ok(flow.isUnacked(flow.lastNumber))
  t.end()
})

void t.test('in flight is what was sent, less what was acknowledged or went: against a model', t => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('send' as const), payload: fc.integer({ min: 0, max: 40_000 }) }),
    fc.record({ kind: fc.constant('ack' as const), payload: fc.integer({ min: -20, max: 2 }) }),
    fc.record({ kind: fc.constant('wait' as const), payload: fc.integer({ min: 0, max: 120 }) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), events => {
      const flow = new FlowWindow(50)
      let model: { number: number; charged: number; sentAtMs: number }[] = []
      let nowMs = 0
      let highestAcked = 0
      for (const { kind, payload } of events) {
        if (kind === 'send') {
          const number = flow.number(payload, nowMs)
          model.push({ number, charged: chargedBytes(payload), sentAtMs: nowMs })
        } else if (kind === 'ack') {
          const number = flow.lastNumber + payload
          flow.acked(number, nowMs)
          if (number <= flow.lastNumber && number > highestAcked) {
            highestAcked = number
            model = model.filter(packet => packet.number > number)
          }
        } else {
          nowMs += payload
          flow.expire(nowMs, 1)
          model = model.filter(({ sentAtMs }) => sentAtMs > nowMs - 50)
        }
        if (flow.inFlightBytes !== model.reduce((sum, { charged }) => sum + charged, 0)) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.end()
})

void t.test('regression_what_is_due_at_a_time_is_gone_at_that_time', t => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 12.5, max: 125, noNaN: true }),
      (at, rtt) => {
        const flow = new FlowWindow(1)
        flow.number(payload, at)
        flow.expire(flow.nextExpiryMs(rtt), rtt)
        return flow.inFlightBytes === 0
      },
    ),
  )
  t.end()
})
