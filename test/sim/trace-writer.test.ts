/** The timeline of runs: what is told, of whom, and because of what. */
import t from 'tap'
import { drawPlan } from '../../src/sim/draw-plan.js'
import type { TraceEvent } from '../../src/sim/trace.js'
import { calmPlan, faultOf, traced } from './rig.js'

type Kind = TraceEvent['kind']

const seeds = [3, 5, 8, 12, 17, 21, 33, 10]
const runs = seeds.map(seed => traced(drawPlan(seed, { durationMs: 6_000 })))

void t.test('every kind of event appears', t => {
  const kinds = new Set(runs.flatMap(({ events }) => events.map(({ kind }) => kind)))
  const faults = [
    faultOf('clean stop', { servers: [1] }),
    faultOf('failing disk', { servers: [2] }),
    faultOf('pause', { servers: [3] }),
    faultOf('kill', { atMs: 2_500, servers: [3] }),
    faultOf('crash', { atMs: 3_000, servers: [1] }),
  ]
  for (const { kind } of traced(calmPlan(1, { faults })).events) kinds.add(kind)
  const expected: Record<Kind, true> = {
    run: true,
    start: true,
    crash: true,
    kill: true,
    stop: true,
    pause: true,
    resume: true,
    failed: true,
    role: true,
    send: true,
    deliver: true,
    lost: true,
    mangle: true,
    disk: true,
    append: true,
    commit: true,
    invoke: true,
    answer: true,
    fault: true,
    end: true,
  }
  t.same([...kinds].sort(), Object.keys(expected).sort())
  t.end()
})

void t.test('steps and times ascend, causes come before their effects, lanes are of the run', t => {
  for (const { events } of runs) {
    const [first] = events
    if (first?.kind !== 'run') throw new Error('the first line says whose run it is')
    const lanes = new Set([...first.servers, ...first.clients, 'nobody'])
    let [n, at] = [0, 0]
    for (const event of events) {
      if (event.n < n || event.at < at) t.fail(`${event.kind} at ${event.at} goes back`)
      if (
        event.cause > event.n ||
        event.cause < 0 ||
        (event.kind !== 'end' && event.cause === event.n && event.n > 0)
      ) {
        t.fail(`${event.kind} of step ${event.n} because of step ${event.cause}`)
      }
      if ('lane' in event && !lanes.has(event.lane)) t.fail(`lane ${event.lane}`)
      ;({ n, at } = event)
    }
    t.match(events.at(-1), { kind: 'end', outcome: 'passed' })
  }
  t.end()
})

void t.test('what arrives, or is lost on its way, was sent: that step is its cause', t => {
  let count = 0
  for (const { events } of runs) {
    const sends = new Map(events.flatMap(event => (event.kind === 'send' ? [[event.datagram, event]] : [])))
    for (const event of events) {
      if (event.kind !== 'deliver' && event.kind !== 'lost') continue
      const send = sends.get(event.datagram)
      count++
      const isOfSend = event.cause === send?.n || (event.kind === 'lost' && event.n === send?.n)
      if (!isOfSend) t.fail(`${event.kind} of ${event.datagram} because of ${event.cause}, it was sent in ${send?.n}`)
      if (event.lane !== send?.to || event.from !== send.lane) t.fail(`${event.kind} of ${event.datagram} elsewhere`)
    }
  }
  t.ok(count > 5_000, String(count))
  t.end()
})

void t.test('answers follow questions, and roles and commits are those of the run', t => {
  const { events, result } = traced(calmPlan(3))
  const asked = events.flatMap(event => (event.kind === 'invoke' ? [event.operation] : []))
  const answered = events.flatMap(event => (event.kind === 'answer' ? [event.operation] : []))
  t.equal(asked.length, result.operations)
  t.same(
    answered.sort((a, b) => a - b),
    asked,
  )
  t.equal(events.filter(event => event.kind === 'role' && event.role === 'leader').length >= 1, true)
  const committed = Math.max(...events.flatMap(event => (event.kind === 'commit' ? [event.index] : [])))
  t.equal(committed, result.counts['entries committed'])
  const appended = events.filter(event => event.kind === 'append')
  t.ok(appended.every(({ from, to, cut }) => from <= to && cut === 0))
  const writes = events.flatMap(event => (event.kind === 'disk' ? [event.operation] : []))
  for (const work of ['batch', 'seal', 'hard state, slot 0', 'segment header', 'identity'])
    t.ok(writes.includes(work), work)
  t.end()
})
