/**
 * The proof that the checkers bite: what was found to kill each mutant (killers.json) is content with the true program, and
 * finds the same in a copy that holds the mutant. `npm run hunt` looks for killers anew.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { doJobs, mutatedText } from './copies.js'
import type { Job, Kill, Kills } from './killer.js'
import { edited, type Mutant } from './mutant.js'
import { mutants } from './mutants.js'
import { survivors } from './survivors.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const kills = JSON.parse(readFileSync(join(root, 'test/mutants/killers.json'), 'utf8')) as Kills

const killed = mutants.flatMap(mutant => {
  const kill = kills[mutant.name]
  return kill === null || kill === undefined ? [] : [{ mutant, kill }]
})

// A machine with other work to do may need several times what a free one does.
t.setTimeout(15 * 60_000)

/** One child for each core of a small machine. */
const atOnce = 2

async function eachOf<T>(all: readonly T[], judge: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) await judge(one)
    }),
  )
}

const judging = ({ killer }: Kill): Job => ({ do: 'killer', killer })

void t.test('an edit has exactly one place, wherever lines end', t => {
  const edit = { file: 'one.js', find: 'if (a === b) return;', replace: '' }
  t.equal(edited('x;\nif (a === b)\n    return;\ny;', edit), 'x;\n\ny;')
  t.throws(() => edited('if (a === c) return;', edit), /has no/)
  t.throws(() => edited('if (a === b) return; if (a===b) return;', edit), /more than once/)
  t.end()
})

void t.test('each mutant is made by edits that have one place each', t => {
  t.ok(mutants.length >= 30, 'there are enough of them')
  t.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length, 'their names differ')
  for (const { name, edits } of mutants) {
    t.doesNotThrow(() => edits.map(({ file }) => mutatedText(file, edits)), name)
  }
  t.end()
})

void t.test('each mutant has a killer, or a reason why it has none', t => {
  for (const { name } of mutants) {
    const isExcused = survivors.some(survivor => survivor.name === name)
    t.equal((kills[name] ?? null) === null, isExcused, name)
  }
  t.end()
})

void t.test('every killer is content with the true program', async t => {
  // One that finds several mutants is asked once.
  const asked = [...new Map(killed.map(one => [JSON.stringify(one.kill.killer), one])).values()]
  const halves = Array.from({ length: atOnce }, (_, half) => asked.filter((_, i) => i % atOnce === half))
  await eachOf(halves, async half => {
    const results = await doJobs(
      null,
      half.map(({ kill }) => judging(kill)),
    )
    results.forEach(({ kill }, i) => {
      t.equal(kill, null, `${half[i]!.mutant.name}: ${JSON.stringify(half[i]!.kill.killer)}`)
    })
    t.equal(results.length, half.length, 'all of them were asked')
  })
})

void t.test('every killer finds its mutant', async t => {
  await eachOf(killed, async ({ mutant, kill }: { mutant: Mutant; kill: Kill }) => {
    const [result] = await doJobs(mutant, [judging(kill)])
    t.equal(result?.kill?.invariant, kill.invariant, mutant.name)
  })
})
