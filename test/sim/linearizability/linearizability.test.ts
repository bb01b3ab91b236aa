import { readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { Prng } from '../../../src/base/prng.js'
import type { Json, Operation, OperationKind, OperationStatus } from '../../../src/sim/linearizability/history.js'
import { parseHistory } from '../../../src/sim/linearizability/history.js'
import { checkHistory } from '../../../src/sim/linearizability/linearizability.js'
import { firstImpossible, isLinearizable } from './brute-force.js'
import { lastRead, simulate } from './simulated-store.js'

// The recorded histories stay where the sources are; this file runs from dist/.
const source = fileURLToPath(import.meta.url).replace(/([/\\])(?:dist|\.build[/\\][^/\\]+)(?=[/\\]test[/\\])/, '')
const recorded = resolve(source, '../histories')

void t.test('recorded histories get their verdicts', t => {
  const files = readdirSync(recorded).filter(name => name.endsWith('.jsonl'))
  t.equal(files.length, 108)
  for (const name of files) {
    const { verdict } = checkHistory(parseHistory(readFileSync(resolve(recorded, name), 'utf8').split('\n')))
    t.equal(verdict, name.endsWith('_yes.jsonl') ? 'linearizable' : 'not-linearizable', name)
  }
  t.end()
})

const small = { min: 0, max: 2 }
const arbitraryText = fc.constantFrom('a', 'b', 'ab')
const arbitraryState = fc.option(fc.constantFrom('a', 'b', 'ab', 'aa', 'ba'))

/** Any answer to any operation, right or wrong, on one key. */
function arbitraryOperation(kinds: readonly OperationKind[]): fc.Arbitrary<Operation> {
  return fc
    .record({
      op: fc.constantFrom(...kinds),
      value: arbitraryText,
      expected: arbitraryState,
      found: arbitraryState,
      swapped: fc.boolean(),
      start: fc.nat(12),
      duration: fc.nat(6),
      status: fc.constantFrom<OperationStatus[]>('ok', 'ok', 'ok', 'unknown', 'fail'),
      tells: fc.integer(small),
    })
    .map(({ op, value, expected, found, swapped, start, duration, status, tells }): Operation => {
      const output: Partial<Record<OperationKind, Json>> = { get: found, cas: swapped }
      if (tells > 0) output.delete = swapped
      if (tells > 0 && found !== null) output.append = found
      return {
        line: 0,
        client: 0,
        op,
        key: 'k',
        value: op === 'get' || op === 'delete' ? undefined : value,
        expected: op === 'cas' ? expected : undefined,
        output: output[op],
        current: op === 'cas' && !swapped && tells === 2 ? found : undefined,
        prev: op !== 'get' && tells === 1 ? found : undefined,
        start,
        end: status === 'unknown' ? undefined : start + duration,
        status,
      }
    })
}

for (const [name, kinds] of [
  ['registers', ['get', 'get', 'put']],
  ['compare-and-set', ['get', 'put', 'cas', 'cas', 'delete']],
  ['appends', ['get', 'append', 'append', 'put', 'delete', 'cas']],
] as const) {
  void t.test(`agrees with the definition on small histories: ${name}`, t => {
    let rejected = 0
    const runs = 4_000
    fc.assert(
      fc.property(fc.array(arbitraryOperation(kinds), { minLength: 1, maxLength: 7 }), drawn => {
        const history = drawn.map((operation, index) => ({ ...operation, line: index + 1 }))
        compareWithDefinition(history)
        if (!isLinearizable(history)) rejected++
      }),
      { seed: 7, numRuns: runs },
    )
    t.ok(rejected > runs / 20 && rejected < (runs * 19) / 20, `rejected ${rejected} of ${runs}`)
    t.end()
  })
}

void t.test('agrees with the definition on small histories of a store, right ones and spoilt ones', t => {
  const prng = new Prng(11)
  let rejected = 0
  for (let seed = 0; seed < 1_500; seed++) {
    const history = simulate({
      seed,
      operations: 9,
      clients: 2 + (seed % 4),
      keys: 1,
      kinds: seed % 3 === 0 ? ['get', 'append'] : ['get', 'put', 'cas', 'delete'],
      unknown: 0.2,
      valueCount: seed % 2 === 0 ? Infinity : 2,
      isTerse: seed % 5 === 0,
    })
    compareWithDefinition(history)
    const at = prng.below(history.length)
    const other = history[prng.below(history.length)]!
    if (history[at]!.op !== 'get' || other.value === undefined) continue
    const spoilt = history.with(at, { ...history[at]!, output: other.value })
    compareWithDefinition(spoilt)
    if (!isLinearizable(spoilt)) rejected++
  }
  t.ok(rejected > 50, `rejected ${rejected}`)
  t.end()
})

function compareWithDefinition(history: readonly Operation[]): void {
  const verdict = checkHistory(history)
  const impossible = firstImpossible(history)
  if (impossible === null) {
    if (verdict.verdict !== 'linearizable') throw new Error('rejected a linearizable history')
  } else if (verdict.verdict !== 'not-linearizable') {
    throw new Error('passed a history that is not linearizable')
  } else if (verdict.impossible !== impossible || !verdict.isFirst) {
    throw new Error(`line ${verdict.impossible.line} is not the first impossible answer, ${impossible.line} is`)
  }
}

void t.test('passes histories of a store that is linearizable', t => {
  for (const kinds of [
    ['get', 'put'],
    ['get', 'put', 'cas', 'delete'],
    ['get', 'append'],
    ['get', 'append', 'put', 'delete'],
  ] as const) {
    for (const isTerse of [false, true]) {
      for (const valueCount of [Infinity, 5]) {
        const history = simulate({
          seed: 3,
          operations: 2_000,
          kinds,
          isTerse,
          valueCount: kinds.includes('append' as never) ? Infinity : valueCount,
        })
        t.equal(
          checkHistory(history).verdict,
          'linearizable',
          `${kinds.join(' ')}, ${isTerse ? 'terse' : 'all fields'}`,
        )
      }
    }
  }
  t.end()
})

/** A put of the key after which another one was begun and answered. */
function overwrittenPut(history: readonly Operation[]): { put: Operation; by: Operation } {
  for (const put of history) {
    const by = history.find(other => isKnownPut(other) && other.key === put.key && other.start > (put.end ?? Infinity))
    if (isKnownPut(put) && by !== undefined) return { put, by }
  }
  throw new Error('the history has no put that was overwritten')
}

const isKnownPut = ({ op, status }: Operation) => op === 'put' && status === 'ok'

void t.test('rejects spoilt histories, and names the answer', t => {
  for (let seed = 1; seed <= 20; seed++) {
    const history = simulate({ seed, operations: 300, kinds: ['get', 'put', 'put', 'cas'] })
    const { put, by } = overwrittenPut(history)

    const expectRejected = (what: string, spoilt: readonly Operation[], line: number) => {
      const verdict = checkHistory(spoilt)
      t.match(verdict, { verdict: 'not-linearizable', isFirst: true, impossible: { line } }, `${what}, seed ${seed}`)
    }
    const lost = lastRead(history, put.key, put.value!)
    expectRejected('lost write', [...history, lost], lost.line)

    const stale = history.find(
      ({ op, status, key, start }) => op === 'get' && status === 'ok' && key === put.key && start > by.end!,
    )!
    expectRejected(
      'stale read',
      history.map(op => (op === stale ? { ...op, output: put.value } : op)),
      stale.line,
    )

    const phantom = lastRead(history, put.key, 'from nowhere')
    expectRejected('value that nobody wrote', [...history, phantom], phantom.line)

    const early = history.find(({ op, status, end }) => op === 'get' && status === 'ok' && end! < by.start)
    if (early !== undefined) {
      const spoilt = history.map(op => (op === early ? { ...op, key: by.key, output: by.value } : op))
      t.equal(checkHistory(spoilt).verdict, 'not-linearizable', `read from the future, seed ${seed}`)
    }

    // The text as one execution too many would leave it.
    const appends = simulate({ seed, operations: 100, keys: 1, kinds: ['append'], unknown: 0 })
    const text = appends.reduce(
      (longest, { output }) => ((output as string).length > longest.length ? (output as string) : longest),
      '',
    )
    t.equal(checkHistory([...appends, lastRead(appends, 'k0', text)]).verdict, 'linearizable')
    const twice = lastRead(appends, 'k0', text + (appends[50]!.value as string))
    expectRejected('double execution', [...appends, twice], twice.line)
  }
  t.end()
})

void t.test('swapped answers of two reads', t => {
  const history = parseHistory([
    '{"client":1,"op":"put","key":"a","value":1,"start":0,"end":1,"status":"ok"}',
    '{"client":2,"op":"get","key":"a","output":2,"start":2,"end":3,"status":"ok"}',
    '{"client":1,"op":"put","key":"a","value":2,"start":2,"end":5,"status":"ok"}',
    '{"client":2,"op":"get","key":"a","output":1,"start":4,"end":6,"status":"ok"}',
  ])
  t.match(checkHistory(history), { verdict: 'not-linearizable', key: 'a', impossible: { line: 4 } })
  t.end()
})

void t.test('intervals are closed, and instants above 2^53 exact', t => {
  const write =
    '{"client":1,"op":"put","key":"a","value":1,"start":"9007199254740993","end":"9007199254740995","status":"ok"}'
  const read = (start: string) =>
    `{"client":2,"op":"get","key":"a","output":null,"start":"${start}","end":"9007199254740999","status":"ok"}`
  t.equal(checkHistory(parseHistory([write, read('9007199254740995')])).verdict, 'linearizable')
  t.equal(checkHistory(parseHistory([write, read('9007199254740996')])).verdict, 'not-linearizable')
  t.end()
})

void t.test('equal values are equal whatever the order of their names', t => {
  const history = parseHistory([
    '{"client":1,"op":"put","key":"a","value":{"x":[1,null],"y":"1"},"start":0,"end":1,"status":"ok"}',
    '{"client":1,"op":"get","key":"a","output":{"y":"1","x":[1,null]},"start":2,"end":3,"status":"ok"}',
    '{"client":1,"op":"cas","key":"a","expected":"1","value":1,"output":false,"start":4,"end":5,"status":"ok"}',
    '{"client":1,"op":"put","key":"a","value":1,"start":6,"end":7,"status":"ok"}',
    '{"client":1,"op":"cas","key":"a","expected":"1","value":2,"output":false,"start":8,"end":9,"status":"ok"}',
  ])
  t.equal(checkHistory(history).verdict, 'linearizable')
  t.end()
})

void t.test('of several keys at fault the first impossible answer of all is named', t => {
  const lines = ['b', 'a'].map(
    (key, index) =>
      `{"client":1,"op":"get","key":"${key}","output":7,"start":${10 - index},"end":${20 - index},"status":"ok"}`,
  )
  t.match(checkHistory(parseHistory(lines)), { key: 'a', operations: 2, keys: 2 })
  t.end()
})

void t.test('out of time is undecided, not a pass', t => {
  const history = simulate({ seed: 5, operations: 3_000, keys: 1 })
  t.match(
    checkHistory(history, () => true),
    { verdict: 'undecided', why: 'timeout', undecidedKeys: ['k0'] },
  )
  t.end()
})

void t.test('a long history, in seconds', t => {
  for (const isTerse of [false, true]) {
    const history = simulate({ seed: 9, operations: 100_000, clients: 10, keys: 5, isTerse })
    const start = performance.now()
    t.equal(checkHistory(history).verdict, 'linearizable')
    t.comment(`100,000 operations, ${isTerse ? 'terse' : 'all fields'}: ${Math.round(performance.now() - start)} ms`)
  }
  t.end()
})
