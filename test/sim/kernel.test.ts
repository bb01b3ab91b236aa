import t from 'tap'
import { Kernel, Life } from '../../src/sim/kernel.js'

void t.test('what is due first comes first; among equal times, what was asked for first', t => {
  const kernel = new Kernel()
  const done: string[] = []
  const say = (what: string) => () => void done.push(`${what} ${kernel.nowMs}`)
  kernel.at(5, null, 1, say('d'))
  kernel.at(2, null, 1, say('b'))
  kernel.at(5, null, 1, say('e'))
  kernel.at(1, null, 1, () => {
    say('a')()
    kernel.at(0, null, 1, say('at once'))
    kernel.at(2, null, 1, say('c'))
  })
  kernel.at(9, null, 1, say('too late'))
  kernel.runUntil(8)
  t.same(done, ['a 1', 'at once 1', 'b 2', 'c 2', 'd 5', 'e 5'])
  t.equal(kernel.nowMs, 8)
  t.equal(kernel.steps, 6)
  t.end()
})

void t.test('a thousand times in any order come out sorted', t => {
  const kernel = new Kernel()
  const times = Array.from({ length: 1_000 }, (_, i) => (i * 7_919) % 613)
  const done: [number, number][] = []
  times.forEach((atMs, place) => kernel.at(atMs, null, 1, () => void done.push([atMs, place])))
  kernel.runUntil(1_000)
  t.same(
    done,
    [...done].sort(([a, i], [b, j]) => a - b || i - j),
  )
  t.equal(done.length, 1_000)
  t.end()
})

void t.test('what was taken back, or belongs to a life that is over, does not happen and is no step', t => {
  const kernel = new Kernel()
  const life = new Life(1)
  const done: string[] = []
  kernel.at(1, null, 1, () => void done.push('taken back')).run = null
  kernel.at(2, life, 1, () => void done.push('alive'))
  kernel.at(3, null, 1, () => (life.isOver = true))
  kernel.at(4, life, 1, () => void done.push('dead'))
  kernel.runUntil(9)
  t.same(done, ['alive'])
  t.equal(kernel.steps, 2)
  t.end()
})

void t.test('what is put off happens at the later time, behind what was asked for meanwhile', t => {
  const kernel = new Kernel()
  const done: string[] = []
  const due = kernel.at(1, null, 1, () => void done.push(`put off, ${kernel.nowMs}`))
  due.putOffTo = 5
  kernel.at(5, null, 1, () => void done.push('other'))
  kernel.runUntil(4)
  t.same(done, [])
  t.equal(kernel.steps, 0)
  kernel.runUntil(5)
  t.same(done, ['other', 'put off, 5'])
  t.end()
})

void t.test('a life that stands still misses nothing: all of it comes when it goes on, in order', t => {
  const kernel = new Kernel()
  const life = new Life(1)
  const done: string[] = []
  for (const atMs of [3, 1, 2]) kernel.at(atMs, life, 1, () => void done.push(`${atMs} at ${kernel.nowMs}`))
  kernel.at(10, life, 1, () => void done.push('later'))
  kernel.at(4, life, 2, () => void done.push('of the first kind'))
  life.held = []
  kernel.runUntil(7)
  t.same(done, [])
  kernel.resume(life, 2)
  kernel.runUntil(7)
  t.same(done, ['of the first kind', '1 at 7', '2 at 7', '3 at 7'])
  kernel.runUntil(10)
  t.equal(done.at(-1), 'later')
  kernel.resume(life, 2)
  t.end()
})

void t.test('steps that never let time go on are noticed', t => {
  const kernel = new Kernel()
  const again = (): void => void kernel.at(0, null, 1, again)
  again()
  t.throws(() => kernel.runUntil(1), /come to an end/)
  const slow = new Kernel()
  let steps = 0
  const next = (): void => {
    if (++steps < 300_000) slow.at(slow.nowMs + 0.001, null, 1, next)
  }
  next()
  slow.runUntil(1_000)
  t.equal(steps, 300_000, 'many steps in a longer time are no loop')
  t.end()
})

void t.test('the hash is equal for equal runs and differs at the first difference', t => {
  const hashesOf = (change: (kernel: Kernel, step: number) => void, times = [1, 2, 3, 4, 5]) => {
    const kernel = new Kernel()
    const hashes: string[] = []
    times.forEach((atMs, i) => kernel.at(atMs, null, 1, () => change(kernel, i)))
    for (const untilMs of [1, 2, 3, 4, 5]) {
      kernel.runUntil(untilMs)
      hashes.push(kernel.hash)
    }
    return hashes
  }
  const plain = hashesOf(kernel => kernel.note(7))
  t.same(
    hashesOf(kernel => kernel.note(7)),
    plain,
  )
  t.equal(new Set(plain).size, 5)
  const noted = hashesOf((kernel, i) => kernel.note(i === 2 ? 8 : 7))
  t.same(noted.slice(0, 2), plain.slice(0, 2))
  for (const i of [2, 3, 4]) t.not(noted[i], plain[i], `after ${i + 1}`)
  const later = hashesOf(kernel => kernel.note(7), [1, 2, 3.000_001, 4, 5])
  t.equal(later[1], plain[1])
  t.not(later[3], plain[3], 'a time of a step that differs a nanosecond')
  t.match(plain[0], /^[0-9a-f]{16}$/)
  t.end()
})

void t.test('a step knows the step that led to it, and whom it touched', t => {
  const kernel = new Kernel()
  const life = new Life(3)
  const causes: [step: number, cause: number][] = []
  const touched: (number | null)[] = []
  kernel.onStep = life => void touched.push(life?.lane ?? null)
  const note = (): void => void causes.push([kernel.steps, kernel.cause])
  kernel.at(1, null, 1, () => {
    note()
    kernel.at(5, life, 1, note)
  })
  kernel.at(2, null, 1, () => {
    note()
    kernel.at(3, null, 1, () => {
      note()
      kernel.touched = life
    })
  })
  kernel.runUntil(9)
  t.same(causes, [
    [1, 0],
    [2, 0],
    [3, 2],
    [4, 1],
  ])
  t.same(touched, [null, null, 3, 3])
  t.end()
})
