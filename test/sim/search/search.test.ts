/** The search finds every state once, ends where it is told to, and shows the shortest way to a planted fault. */
import t from 'tap'
import { Log } from '../../../src/raft/log.js'
import { Progress } from '../../../src/raft/progress.js'
import type { SearchCounts, SearchOptions } from '../../../src/sim/search/options.js'
import { replay } from '../../../src/sim/search/replay.js'
import { search } from '../../../src/sim/search/search.js'

const small: SearchOptions = { budgets: { timeouts: 2 }, linkMessagesMax: 1 }

/** Every state, found the plain way: sets of texts and no numbers kept between states. */
function countPlainly(options: SearchOptions): number {
  const { space, state } = replay(options, '')
  const limits = (options.budgets.timeouts ?? 0) | ((options.budgets.commands ?? 0) << 3)
  const found = new Set([state.join()])
  const waiting = [state]
  const actions: number[] = []
  for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
    space.actionsIn(from, limits, actions)
    for (const action of [...actions]) {
      if (space.apply(from, action) !== 'changed' || found.has(space.next.join())) continue
      found.add(space.next.join())
      waiting.push([...space.next])
    }
  }
  return found.size
}

void t.test('what two timeouts can do is searched to the end, each state once', t => {
  const result = search(small)
  t.match(result, { end: 'exhausted', violation: null })
  t.equal(result.distinctStates, countPlainly(small), 'as many states as a set of their texts holds')
  t.ok(result.states > result.distinctStates && result.serverStates > 50)
  t.same(search(small), result, 'and again the same')
  t.end()
})

void t.test('more budget, more states; none, one', t => {
  const counts = [{}, { timeouts: 1 }, { timeouts: 1, commands: 1 }, { timeouts: 1, commands: 1, crashes: 1 }].map(
    budgets => search({ budgets, linkMessagesMax: 1 }).distinctStates,
  )
  t.equal(counts[0], 1)
  t.same(
    [...counts].sort((a, b) => a - b),
    counts,
  )
  t.equal(new Set(counts).size, counts.length)
  t.end()
})

void t.test('a search ends at its depth, at its number of states, and when it is told to', t => {
  t.match(search({ ...small, depthMax: 4 }), { end: 'depth', depth: 4 })
  t.match(search({ ...small, statesMax: 500 }), { end: 'states', distinctStates: 500 })
  const seen: SearchCounts[] = []
  const onProgress = (soFar: SearchCounts) => seen.push(soFar) < 2
  const stopped = search({ budgets: { timeouts: 3, crashes: 1 }, onProgress })
  t.match(stopped, { end: 'stopped', distinctStates: 2 * 65_536 })
  t.equal(seen.length, 2)
  t.end()
})

void t.test('options that cannot be are refused', t => {
  t.throws(() => search({ budgets: { timeouts: 8 } }), /timeouts: a budget is 0..7/)
  t.throws(() => search({ budgets: {}, servers: 6 }), /servers: 1..5/)
  t.throws(() => search({ budgets: { timeouts: 7 }, prefix: 's1' }), /at most 7 steps of one kind/)
  t.throws(() => search({ budgets: { snapshots: 4 } }), /at most 3 steps of one kind/)
  t.end()
})

/** Runs `check` with a method of the core replaced. */
function withFault<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  fault: Owner[Name],
  check: () => void,
): void {
  const healthy = owner[name]
  owner[name] = fault
  try {
    check()
  } finally {
    owner[name] = healthy
  }
}

void t.test('a planted fault is found, by name, the shortest way, and the way leads there again', t => {
  const options: SearchOptions = { budgets: { timeouts: 2 }, linkMessagesMax: 1 }
  withFault(
    Log.prototype,
    'isUpToDate',
    () => true,
    () => {
      const { end, violation, depth } = search(options)
      t.equal(end, 'violation')
      t.match(violation, { invariant: 'Leader Completeness' })
      // S1 leads with the vote of S2 and commits; S3 learns of the term, and is elected without the entry.
      const words = violation!.actions.split(' ')
      t.equal(words.length, depth)
      t.equal(depth, 8)
      t.equal(violation!.story.length, depth)
      t.match(replay(options, violation!.actions).breach, { invariant: 'Leader Completeness', what: violation!.what })
      t.equal(replay(options, words.slice(0, -1).join(' ')).breach, null, 'not a step earlier')
      t.match(search({ ...options, depthMax: depth - 1 }), { end: 'depth', violation: null }, 'and no shorter way')
    },
  )
  t.equal(replay(options, '').breach, null)
  t.end()
})

void t.test('logs compared by their lengths alone are found out', t => {
  const byLength = function (this: Log, lastIndex: number) {
    return lastIndex >= this.lastIndex
  }
  withFault(Log.prototype, 'isUpToDate', byLength, () => {
    const { violation } = search({ budgets: { timeouts: 3 }, linkMessagesMax: 1 })
    t.match(violation, { invariant: 'Leader Completeness' })
  })
  t.end()
})

void t.test('a matchIndex that goes back is found out', t => {
  const forgetful = function (this: Progress, verifiedIndex: number, matchIndex: number) {
    this.matchIndex = matchIndex
    this.acceptedIndex = Math.max(this.acceptedIndex, verifiedIndex)
    this.nextIndex = Math.max(this.nextIndex, this.acceptedIndex + 1)
    this.probeSentMs = -Infinity
  }
  withFault(Progress.prototype, 'accepted', forgetful, () => {
    const options: SearchOptions = { budgets: { timeouts: 1, commands: 1, copies: 1 }, linkMessagesMax: 2 }
    t.match(search(options).violation, { invariant: 'Monotonic', what: /matchIndex never goes back/ })
  })
  t.end()
})

void t.test('a search behind a prefix shows the whole way', t => {
  const prefix = 's1 d1>3:V1@1,0.0 d1>2:V1@1,0.0 d2>1:v1@1+ d1>2:A1,0.0,c0,r0[1]m0 d2>1:a1,1,m1,0.0,r0'
  withFault(
    Log.prototype,
    'isUpToDate',
    () => true,
    () => {
      const { violation, depth } = search({ budgets: { timeouts: 1 }, linkMessagesMax: 1, prefix })
      t.ok(violation!.actions.startsWith(`${prefix} `))
      t.equal(depth, violation!.actions.split(' ').length - 6)
    },
  )
  t.end()
})
