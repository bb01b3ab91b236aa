import t from 'tap'
import { RealClock } from '../../src/base/real-clock.js'

const clock = new RealClock()

void t.test('a timer calls back once, not before its time, and can be set again from its callback', async t => {
  const firedAtMs: number[] = []
  const dueAtMs = [clock.now() + 5.5, clock.now() + 11.25]
  await new Promise<void>(resolve => {
    const timer = clock.timer(() => {
      firedAtMs.push(clock.now())
      if (firedAtMs.length === 1) timer.set(dueAtMs[1]!)
      else resolve()
    })
    timer.set(dueAtMs[0]!)
  })
  await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(firedAtMs.length, 2)
  t.ok(firedAtMs.every((atMs, i) => atMs >= dueAtMs[i]!))
})

void t.test('setting replaces what was set: later, sooner, not at all', async t => {
  const fired: string[] = []
  await new Promise<void>(resolve => {
    const later = clock.timer(() => {
      fired.push('later')
      resolve()
    })
    const sooner = clock.timer(() => fired.push('sooner'))
    const never = clock.timer(() => fired.push('never'))
    const nowMs = clock.now()
    later.set(nowMs + 2)
    later.set(nowMs + 40)
    sooner.set(nowMs + 10_000)
    sooner.set(nowMs + 3)
    never.set(nowMs + 5)
    never.set(Infinity)
  })
  t.strictSame(fired, ['sooner', 'later'])
})

void t.test('a time that has passed calls back in a later turn, never from inside set', async t => {
  let fired = false
  await new Promise<void>(resolve => {
    const timer = clock.timer(() => {
      fired = true
      resolve()
    })
    timer.set(clock.now() - 100)
    t.notOk(fired)
  })
  t.ok(fired)
})

void t.test('the end of a turn comes once, after this code', async t => {
  const order: string[] = []
  await new Promise<void>(resolve => {
    clock.endOfTurn(() => {
      order.push('end')
      resolve()
    })
    order.push('turn')
  })
  t.strictSame(order, ['turn', 'end'])
})

void t.test('timers further away than Node can wait are set all the same', t => {
  const timer = clock.timer(() => t.fail('in a month, not now'))
  timer.set(clock.now() + 2 ** 32)
  timer.set(Infinity)
  t.end()
})

void t.test('without keepAlive a timer does not keep the process: this file ends', t => {
  new RealClock({ keepAlive: false }).timer(() => t.fail('nobody waits for it')).set(clock.now() + 3_600_000)
  t.end()
})
