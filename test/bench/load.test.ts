/** A load over a core that answers when the test says so. */
import t from 'tap'
import { Load, numberedKeys } from '../../bench/load.js'
import { Prng } from '../../src/base/prng.js'
import type { ClientCore } from '../../src/client/client-core.js'
import type { Done, RequestOutcome } from '../../src/client/request.js'
import { FakeClock } from '../support/fake-clock.js'

const ok: RequestOutcome = { code: 'ok', result: new Uint8Array(0) }
const unknown: RequestOutcome = { code: 'unknown-outcome', why: 'no answer came in time' }

function rig(concurrency: number) {
  const clock = new FakeClock()
  const waiting: Done[] = []
  const write = (_command: Uint8Array, _deadlineMs: number, done: Done) => waiting.push(done)
  const load = new Load({ write } as unknown as ClientCore, clock, {
    kind: 'put',
    concurrency,
    valueBytes: 1,
    keys: numberedKeys(2),
    timeoutMs: 10_000,
    prng: new Prng(1, 1),
  })
  const answer = (outcome: RequestOutcome, count: number) => waiting.splice(0, count).forEach(done => done(outcome))
  return { clock, load, waiting, answer }
}

/** To 100 ms: a histogram keeps three figures. */
const maxMs = ({ load }: ReturnType<typeof rig>) => 100 * Math.round(load.measured.latencyNs.max / 1e8)

void t.test('as one is answered the next is made', t => {
  const { load, waiting, clock, answer } = rig(3)
  load.start()
  t.equal(waiting.length, 3)
  clock.runFor(2)
  answer(ok, 2)
  t.equal(waiting.length, 3)
  t.equal(load.measured.completed, 2)
  t.equal(load.measured.latencyNs.count, 2)
  t.end()
})

void t.test('regression_what_is_outstanding_at_the_end_counts', t => {
  const rigged = rig(4)
  const { load, waiting, clock, answer } = rigged
  load.start()
  clock.runFor(1)
  load.reset()
  answer(ok, 4)
  clock.runFor(500)
  let isDrained = false
  load.drain(() => (isDrained = true))
  t.notOk(isDrained, 'four are outstanding')
  clock.runFor(1_500)
  answer(ok, 1)
  t.equal(load.measured.completed, 4, 'answered after the end: not of the measured rate')
  t.equal(maxMs(rigged), 2_000, 'but a latency')
  clock.runFor(8_000)
  answer(unknown, 3)
  t.ok(isDrained)
  t.equal(waiting.length, 0, 'nothing more was asked')
  t.strictSame([...load.measured.errors], [['unknown-outcome', 3]])
  t.equal(load.measured.latencyNs.count, 8)
  t.equal(maxMs(rigged), 10_000, 'never answered: as long as it was waited for')
  t.end()
})

void t.test('who is refused has no latency, and with nothing outstanding the end is at once', t => {
  const { load, answer } = rig(1)
  load.start()
  answer({ code: 'busy', why: 'too many requests wait to be sent' }, 1)
  load.stop()
  answer({ code: 'no-space', why: "the leader's disk is full" }, 1)
  t.strictSame([...load.measured.errors.keys()], ['busy', 'no-space'])
  t.equal(load.measured.latencyNs.count, 0)
  let isDrained = false
  load.drain(() => (isDrained = true))
  t.ok(isDrained)
  t.end()
})
