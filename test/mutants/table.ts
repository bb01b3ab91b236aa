/** docs/mutants.md: what found each mutant, and after how much. */
import type { Kill, Kills } from './killer.js'
import type { Mutant, Survivor } from './mutant.js'

export function mutantsPage(mutants: readonly Mutant[], kills: Kills, survivors: readonly Survivor[]): string {
  const hunted = mutants.filter(({ name }) => kills[name] !== undefined)
  const killed = hunted.filter(({ name }) => kills[name] !== null)
  const lines = [
    '# The checkers bite: mutants and what finds them',
    '',
    'Each mutant is a small wrong change of the built program, of a kind that real systems shipped (in brackets, where one',
    'is known). The swarm runs the whole production stack under seeds, up to the first that ends badly; the search visits',
    'every state of the production core within bounds; a script is one story told on purpose. `npm run hunt` writes this',
    'page, `npm test` replays what it found: each killer passes on the true program and fails on its mutant.',
    '',
    'Sections are those of the Raft paper. K04 and the like are rules (rules.md), other letters scenarios (scenarios.md), and',
    'the durability contract stands at the top of src/raft/ready.ts.',
    '',
    `${killed.length} of ${hunted.length} mutants are found.`,
    '',
    '| mutant | breaks | found by | after how much | as |',
    '| --- | --- | --- | --- | --- |',
    ...hunted.map(({ name, breaks }) => row(name, breaks, kills[name]!)),
    '',
  ]
  const known = survivors.filter(({ name }) => kills[name] === null)
  if (known.length > 0) lines.push('## Not found', '', ...known.map(({ name, why }) => `- **${name}**: ${why}`), '')
  return lines.join('\n')
}

function row(name: string, breaks: string, kill: Kill | null): string {
  if (kill === null) return `| ${name} | ${breaks} | nothing, see below | | |`
  return `| ${name} | ${breaks} | ${foundBy(kill)} | ${afterHowMuch(kill)} | ${kill.invariant} |`
}

function foundBy({ killer }: Kill): string {
  switch (killer.by) {
    case 'seed':
      return `seed ${killer.seed} of ${killer.durationMs / 1_000} s`
    case 'search':
      return `search: ${killer.preset}`
    case 'script':
      return `script: ${killer.name}`
  }
}

function afterHowMuch({ killer, tried, steps, cpuSeconds }: Kill): string {
  const cpu = `${cpuSeconds < 10 ? cpuSeconds.toFixed(1) : Math.round(cpuSeconds)} CPU-s`
  switch (killer.by) {
    case 'seed':
      return `${tried} ${tried === 1 ? 'seed' : 'seeds'}, ${steps.toLocaleString('en')} events, ${cpu}`
    case 'search':
      return `${steps.toLocaleString('en')} states, ${killer.actions.split(' ').length} steps deep, ${cpu}`
    case 'script':
      return cpu
  }
}
