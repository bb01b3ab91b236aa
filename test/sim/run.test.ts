/** A seed replays its run, event for event, whoever watches and wherever it runs. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { drawPlan } from '../../src/sim/draw-plan.js'
import { runPlan } from '../../src/sim/run.js'
import { calmPlan, faultOf, traced, verdictOf } from './rig.js'

const durationMs = 4_000

function textOf(seed: number): string {
  const { events } = traced(drawPlan(seed, { durationMs }))
  return events.map(event => JSON.stringify(event)).join('\n')
}

const [, , childSeeds] = process.argv
if (childSeeds !== undefined) {
  for (const seed of childSeeds.split(','))
    console.log(
      createHash('sha256')
        .update(textOf(Number(seed)))
        .digest('hex'),
    )
  process.exit()
}

void t.test(
  'a hundred seeds run twice are the same runs, with a trace attached as well, and differ from each other',
  t => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 100; seed++) {
      const plan = drawPlan(seed, { durationMs })
      const plain = runPlan(plan)
      const { result: watched } = traced(plan)
      hashes.add(plain.hash)
      if (plain.hash !== watched.hash || plain.steps !== watched.steps)
        t.fail(`seed ${seed} is another run when watched`)
      if (verdictOf(plain) !== 'passed') t.fail(`seed ${seed} ${verdictOf(plain)}`)
      if (JSON.stringify(plain) !== JSON.stringify(watched)) t.fail(`seed ${seed} has another result when watched`)
    }
    t.equal(hashes.size, 100)
    t.end()
  },
)

void t.test('the whole trace is the same, in another process too', t => {
  const seeds = [3, 11, 20]
  const texts = seeds.map(textOf)
  t.equal(textOf(3), texts[0])
  const self = fileURLToPath(import.meta.url)
  const there = execFileSync(process.execPath, [self, seeds.join()], { encoding: 'utf8' }).trim().split('\n')
  t.same(
    there,
    texts.map(text => createHash('sha256').update(text).digest('hex')),
  )
  t.end()
})

void t.test('what a run counts', t => {
  const { operations, answered, counts, simulatedMs, steps } = runPlan(calmPlan(1))
  t.ok(operations > 50 && answered <= operations && answered > 50)
  t.ok(simulatedMs > 5_000 && simulatedMs < 10_000)
  t.ok(steps > 1_000)
  t.equal(counts['elections won'], 1)
  t.ok(counts['entries committed']! > 20)
  t.equal(counts['fault: crash'], 0, 'what never happened is there as well')
  t.equal(counts['crash: after batch'], 0)
  t.end()
})

void t.test('a cluster that does not come to answer again has failed, and the report says who stands where', t => {
  const plan = calmPlan(1, { healedMs: 1_000 })
  const mute = runPlan({ ...plan, links: { ...plan.links, bytesPerMs: 0.001, queueBytes: 1 } })
  t.match(mute, { outcome: 'liveness', invariant: 'Progress' })
  t.match(mute.message, /25 election timeouts after the last fault \d+ of the last requests have no answer, .* s3 /)
  t.end()
})

void t.test('regression_a_write_begun_while_a_disk_was_slow_takes_no_leader_away_in_the_calm', t => {
  for (const id of [1, 2, 3]) {
    const faults = [faultOf('slow disk', { atMs: 2_900, forMs: 1_000, servers: [id], amount: 4_000 })]
    t.equal(verdictOf(runPlan(calmPlan(1, { healedMs: 3_000, faults }))), 'passed', `slow disk of s${id}`)
  }
  t.end()
})

void t.test('what throws is a crash with its place', t => {
  const thrown = runPlan(calmPlan(1), ({ kernel }) => {
    kernel.at(1_000, null, 0, () => {
      throw new TypeError('no such thing')
    })
  })
  t.match(thrown, { outcome: 'crash', invariant: 'Crash', message: 'no such thing', stack: /run\.test/ })
  const inside = runPlan(calmPlan(1), cluster => {
    cluster.kernel.at(1_000, null, 0, () => cluster.leader!.node!.fail(new RangeError('inside of a server')))
  })
  t.match(inside, { outcome: 'crash', message: /server \d: inside of a server/, stack: /RangeError/ })
  t.end()
})

void t.test('a wrong answer in the history ends a run, and so does an acknowledged write that nobody executed', t => {
  const stale = runPlan(calmPlan(1), cluster => {
    cluster.kernel.at(4_000, null, 0, () => {
      const { history } = cluster.load
      const put = history.find(({ op, status }) => op === 'put' && status === 'ok')!
      const read = { ...put, op: 'get' as const, value: undefined, output: 'never written', start: 3_999, end: 4_000 }
      history.push({ ...read, client: 'c9', line: history.length + 1 })
    })
  })
  t.match(stale, {
    outcome: 'safety',
    invariant: 'Linearizability',
    message: /c9 was told at 4000 ms: get -> "never written"/,
  })
  const lost = runPlan(calmPlan(1), cluster => {
    cluster.kernel.at(1_000, null, 0, () => cluster.invariants.exactlyOnce.acknowledged(999, Uint8Array.of(1)))
  })
  t.match(lost, { outcome: 'safety', invariant: 'Acknowledged Is Kept' })
  t.end()
})
