/** raftgram search: every state that the consensus core can reach within bounds, and what is wrong in any of them. */
import { Worker } from 'node:worker_threads'
import type { SearchResult } from '../src/sim/search/options.js'
import { presetOf, presets } from '../src/sim/search/presets.js'
import { actionWords, replay } from '../src/sim/search/replay.js'
import { defineCommand } from './command.js'
import { CommandError, exitStatus, messageOfError, usageError, type ExitStatus } from './exit-status.js'
import { optional, text, whole } from './option.js'
import type { Output } from './output.js'
import { table } from './table.js'
import type { SearchNews, SearchTask } from './search-worker.js'
import { askedToEnd } from './signals.js'
import { suggestion } from '../src/base/suggestion.js'

const names = presets.map(({ name }) => name)

/** Columns of the table that hold numbers. */
const numbers = ['states', 'distinct', 'depth', 'CPU s']

export const searchCommand = defineCommand({
  name: 'search',
  words: ['[PRESET]'],
  describe: 'Search every state of the consensus core within bounds',
  details: `
The core is the production code; timeouts, messages, losses, copies, crashes and completions of the
disk are steps, taken in every order that the bounds of a preset allow. Each state is visited once and
every invariant is asked in it, so what is found first has a shortest way. Without PRESET all of
them: ${presets.map(({ name, about }) => `${name} (${about})`).join('; ')}.
Exit status 0: nothing is wrong within the bounds. 1: a safety property is broken.`,
  options: {
    statesMax: optional('Stop each search after so many distinct states; without, as the preset says', whole(1)),
    actions: optional('Take these actions of a PRESET instead of a search, as a violation was told', text),
  },
  examples: [
    ['search', 'all presets, some six million states'],
    ['search commit', 'Figure 8 of the paper, from where it becomes interesting'],
    ['search reads --states-max 10000000', 'further than the preset goes'],
  ],
  async run({ words: [word], options, output }) {
    const chosen = word?.text
    if (chosen !== undefined && !names.includes(chosen)) {
      throw usageError(
        `there is no preset '${chosen}'${suggestion(chosen, names) || `: choose of ${names.join(', ')}`}`,
      )
    }
    if (options.actions !== undefined) {
      if (chosen === undefined) throw usageError('--actions needs the PRESET whose bounds they were found in')
      return takeActions(chosen, options.actions, output)
    }
    const task = { presets: chosen === undefined ? names : [chosen], statesMax: options.statesMax }
    return search(task, output)
  },
})

async function search(task: SearchTask, output: Output): Promise<ExitStatus> {
  const worker = new Worker(new URL('./search-worker.js', import.meta.url), { workerData: task })
  const rows: string[][] = []
  const found: { readonly preset: string; readonly result: SearchResult }[] = []
  const done = new Promise<void>((resolve, reject) => {
    worker.on('message', (news: SearchNews) => {
      if (news.news === 'progress') return showProgress(news.preset, news.counts.distinctStates)
      const { preset, result, cpuS } = news
      const { states, distinctStates, depth, end, violation } = result
      rows.push([preset, grouped(states), grouped(distinctStates), String(depth), cpuS.toFixed(1), ends[end]])
      if (output.isJson) output.result({ ok: violation === null, preset, ...result, cpuS })
      if (violation !== null) found.push({ preset, result })
    })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
  const ended = await Promise.race([done, askedToEnd()])
  await worker.terminate()
  clearProgress()
  if (typeof ended === 'string')
    throw new CommandError('unavailable', 'interrupted: the search did not come to its end')
  if (!output.isJson)
    output.result({}, table(['preset', 'states', 'distinct', 'depth', 'CPU s', 'ended'], rows, numbers))
  const [first] = found
  return first === undefined ? exitStatus.done : tellViolation(first, output)
}

function tellViolation(
  { preset, result }: { readonly preset: string; readonly result: SearchResult },
  output: Output,
): ExitStatus {
  const { violation } = result
  if (violation === null) return exitStatus.done
  const { invariant, what, actions, story } = violation
  if (!output.isJson) {
    const steps = story.map((step, i) => `${String(i + 1).padStart(4)}  ${step}`)
    const again = `npx raftgram search ${preset} --actions '${actions}'`
    output.result({}, [`\n${invariant}: ${what}`, ...steps, `again     ${again}`].join('\n'))
  }
  return exitStatus.no
}

function takeActions(preset: string, actions: string, output: Output): ExitStatus {
  const { options } = presetOf(preset)!
  let replayed: ReturnType<typeof replay>
  try {
    replayed = replay(options, actions)
  } catch (error) {
    throw usageError(`--actions cannot be taken: ${messageOfError(error)}`)
  }
  const { breach, space } = replayed
  const story = replayed.actions.map(action => actionWords(space, action))
  const verdict = breach === null ? 'nothing is wrong after them' : `${breach.invariant}: ${breach.what}`
  output.result({ ok: breach === null, preset, story, violation: breach }, [...story, verdict].join('\n'))
  return breach === null ? exitStatus.done : exitStatus.no
}

const ends: Readonly<Record<SearchResult['end'], string>> = {
  exhausted: 'all there is',
  depth: 'at its depth',
  states: 'at its number of states',
  violation: 'with a violation',
  stopped: 'stopped',
}

function grouped(count: number): string {
  return count.toLocaleString('en')
}

function showProgress(preset: string, distinctStates: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${preset}: ${grouped(distinctStates)} states`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}
