/** The named searches find nothing wrong with this core, and look at millions of states to say so. */
import t from 'tap'
import { presetOf, presets } from '../../../src/sim/search/presets.js'
import { replay } from '../../../src/sim/search/replay.js'
import { search } from '../../../src/sim/search/search.js'

// A machine with other work to do may need several times the 15 seconds of CPU.
t.setTimeout(300_000)

let distinctStates = 0

for (const { name, options } of presets) {
  void t.test(`${name}: searched to its bound without a violation`, t => {
    const result = search(options)
    distinctStates += result.distinctStates
    const { violation } = result
    t.equal(
      violation,
      null,
      violation === null ? name : `${violation.invariant}: ${violation.what}\n${violation.actions}`,
    )
    t.equal(
      result.end,
      options.statesMax !== undefined ? 'states' : options.depthMax !== undefined ? 'depth' : 'exhausted',
    )
    t.ok(result.distinctStates > 50_000, `${result.distinctStates} states`)
    t.end()
  })
}

void t.test('together they visit millions of states', t => {
  t.ok(distinctStates >= 4_000_000, `${distinctStates}`)
  t.end()
})

void t.test('a preset has a name of its own', t => {
  t.equal(new Set(presets.map(({ name }) => name)).size, presets.length)
  t.equal(presetOf('commit')?.name, 'commit')
  t.equal(presetOf('nothing'), undefined)
  t.end()
})

void t.test('the prefixes lead where they say', t => {
  const logsAfter = (name: string) => {
    const { options } = presetOf(name)!
    const { space, state, breach } = replay(options, options.prefix!)
    t.equal(breach, null)
    return space.settings.ids.map(id => {
      const { log } = space.nodeOf(state, id).raft.server
      return log
        .range(1, log.lastIndex)
        .map(entry => entry.term)
        .join(' ')
    })
  }
  t.same(logsAfter('commit'), ['1 3', '2', ''])
  t.same(logsAfter('figure-8'), ['1 2 4', '1 2', '1', '1', '1 3'])
  t.same(logsAfter('one-more'), ['1', '1', '1 2'])
  t.same(logsAfter('late-rounds'), ['1 2', '1 2', '1 2'])
  t.same(logsAfter('gaps'), ['1', '1', '1'])
  t.same(logsAfter('forgotten'), ['1 3', '1 3', '1 2'])
  t.end()
})
