import t from 'tap'
import { Prng } from '../../src/base/prng.js'
import { SimClock } from '../../src/sim/clock.js'
import { Kernel, Life } from '../../src/sim/kernel.js'

function clockOf(some: { rate?: number; offsetMs?: number; turnMs?: number } = {}) {
  const kernel = new Kernel()
  const life = new Life(1)
  const clock = new SimClock(kernel, life, { rate: 1, offsetMs: 0, turnMs: 0.5, ...some })
  return { kernel, life, clock }
}

void t.test('a clock may run fast or slow, from where it was set', t => {
  const fast = clockOf({ rate: 1.25, offsetMs: 1_000 })
  t.equal(fast.clock.now(), 1_000)
  fast.kernel.runUntil(100)
  t.equal(fast.clock.now(), 1_125)
  const slow = clockOf({ rate: 0.75 })
  const timer = slow.clock.timer(() => t.equal(slow.kernel.nowMs, 40))
  timer.set(30)
  slow.kernel.runUntil(100)
  t.equal(slow.clock.now(), 75)
  t.equal(slow.kernel.steps, 1)
  t.end()
})

void t.test('a timer never fires before its time, whatever is rounded on the way, and time never goes back', t => {
  const prng = new Prng(1)
  for (let i = 0; i < 2_000; i++) {
    const { kernel, clock } = clockOf({ rate: prng.between(0.75, 1.25), offsetMs: prng.between(0, 5_000) })
    const atMs = clock.now() + prng.between(1, 300)
    let fired = 0
    const timer = clock.timer(() => {
      fired++
      if (clock.now() < atMs) t.fail(`${clock.now()} is before ${atMs}`)
    })
    timer.set(atMs)
    const before = clock.now()
    kernel.runUntil(10_000)
    if (fired !== 1 || clock.now() < before) t.fail(`fired ${fired} times`)
  }
  t.pass()
  t.end()
})

void t.test('a timer is set anew, put off, brought forward and taken back, and costs a step only when it fires', t => {
  const { kernel, clock } = clockOf()
  const fired: number[] = []
  let asked = 0
  const at = kernel.at.bind(kernel)
  kernel.at = (...due) => {
    asked++
    return at(...due)
  }
  const timer = clock.timer(() => fired.push(kernel.nowMs))
  timer.set(10)
  for (let atMs = 11; atMs < 100; atMs++) timer.set(atMs)
  kernel.runUntil(98)
  t.same(fired, [])
  t.same([kernel.steps, asked], [0, 1], 'putting off is cheap')
  kernel.runUntil(99)
  t.same(fired, [99])
  timer.set(150)
  timer.set(120)
  kernel.runUntil(200)
  t.same(fired, [99, 120], 'brought forward: once')
  timer.set(300)
  timer.set(Infinity)
  kernel.runUntil(400)
  t.same(fired, [99, 120], 'taken back')
  timer.set(350)
  kernel.runUntil(400)
  t.same(fired, [99, 120, 400], 'a time that has passed: at once')
  timer.set(500)
  timer.set(600)
  timer.set(550)
  kernel.runUntil(700)
  t.same(fired.slice(3), [550], 'put off and then brought forward a little')
  t.end()
})

void t.test('the end of a turn: all that asked share one, and what asks in it has the next', t => {
  const { kernel, clock } = clockOf({ turnMs: 0.5 })
  const done: string[] = []
  const say = (what: string) => () => void done.push(`${what} ${kernel.nowMs}`)
  clock.endOfTurn(() => {
    say('a')()
    clock.endOfTurn(say('next'))
  })
  clock.endOfTurn(say('b'))
  t.same(done, [], 'never at once')
  kernel.runUntil(5)
  t.same(done, ['a 0.5', 'b 0.5', 'next 1'])
  t.equal(kernel.steps, 2)
  clock.turnMs = 3
  clock.endOfTurn(say('slow'))
  kernel.runUntil(9)
  t.equal(done.at(-1), 'slow 8')
  t.end()
})

void t.test('a turn in which the process ends goes no further, and its timers are gone', t => {
  const { kernel, life, clock } = clockOf()
  const done: string[] = []
  clock.endOfTurn(() => (life.isOver = true))
  clock.endOfTurn(() => done.push('after the end'))
  clock.timer(() => done.push('timer')).set(3)
  kernel.runUntil(9)
  t.same(done, [])
  t.end()
})
