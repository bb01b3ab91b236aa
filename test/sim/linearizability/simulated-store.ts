/**
 * Histories of a store that is linearizable by construction: each operation takes effect at one instant between its start
 * and its end. Seeded; and ways to spoil such a history.
 */
import { Prng } from '../../../src/base/prng.js'
import type { Json, Operation, OperationKind } from '../../../src/sim/linearizability/history.js'

export interface Settings {
  readonly seed: number
  readonly operations: number
  readonly clients: number
  readonly keys: number
  readonly kinds: readonly OperationKind[]
  /** Share of the operations whose outcome the client does not learn. */
  readonly unknown: number
  /** How many different values are written; Infinity: each one once. */
  readonly valueCount: number
  /** Leaves the fields out that may be left out. */
  readonly isTerse: boolean
}

const usual: Settings = {
  seed: 1,
  operations: 400,
  clients: 8,
  keys: 3,
  kinds: ['get', 'put', 'cas', 'delete'],
  unknown: 0.05,
  valueCount: Infinity,
  isTerse: false,
}

interface Draft {
  operation: Operation
  effectAt: number
}

/** The history that clients of such a store write down. */
export function simulate(settings: Partial<Settings>): Operation[] {
  const all: Settings = { ...usual, ...settings }
  const prng = new Prng(all.seed)
  const drafts: Draft[] = []
  const freeAt = new Array<number>(all.clients).fill(0)
  for (let line = 1; line <= all.operations; line++) {
    const client = freeAt.indexOf(Math.min(...freeAt))
    const start = freeAt[client]! + prng.below(20)
    const effectAt = start + prng.below(prng.below(10) === 0 ? 300 : 40)
    const end = effectAt + prng.below(40)
    freeAt[client] = end + 1
    const isUnknown = prng.fraction() < all.unknown
    const value = all.valueCount === Infinity ? `${client}-${line}` : `v${prng.below(all.valueCount)}`
    drafts.push({
      // Of what is never answered some never happens.
      effectAt: isUnknown && prng.below(2) === 0 ? Infinity : effectAt,
      operation: {
        line,
        client,
        op: all.kinds[prng.below(all.kinds.length)]!,
        key: `k${prng.below(all.keys)}`,
        value,
        expected: undefined,
        output: undefined,
        current: undefined,
        prev: undefined,
        start,
        end: isUnknown ? undefined : end,
        status: isUnknown ? 'unknown' : 'ok',
      },
    })
  }
  const values = new Map<string, Json>()
  return drafts
    .sort((a, b) => a.effectAt - b.effectAt)
    .map(({ operation, effectAt }) => {
      const state = values.get(operation.key) ?? null
      const expected = operation.op === 'cas' ? (prng.below(3) === 0 ? `wrong` : state) : undefined
      const asked = { ...operation, expected }
      const { after, output } = execute(asked, state)
      if (effectAt !== Infinity) values.set(operation.key, after)
      if (operation.status === 'unknown') return asked
      return { ...asked, ...answer(asked, output, state, all.isTerse) }
    })
    .sort((a, b) => a.line - b.line)
}

function execute({ op, value, expected }: Operation, state: Json): { after: Json; output: Json | undefined } {
  switch (op) {
    case 'get':
      return { after: state, output: state }
    case 'put':
      return { after: value!, output: undefined }
    case 'delete':
      return { after: null, output: state !== null }
    case 'cas':
      return expected === state ? { after: value!, output: true } : { after: state, output: false }
    case 'append': {
      const text = `${(state as string | null) ?? ''}${value as string}`
      return { after: text, output: text }
    }
  }
}

/** All that an answer may hold, or only what it must. */
function answer({ op }: Operation, output: Json | undefined, state: Json, isTerse: boolean): Partial<Operation> {
  if (op === 'get') return { output }
  if (isTerse) return op === 'cas' ? { output } : {}
  return op === 'cas' && output === false ? { output, current: state } : { output, prev: state }
}

/** A `get` by a fresh client after everything else has ended. */
export function lastRead(history: readonly Operation[], key: string, output: Json): Operation {
  const start = Math.max(...history.map(({ start, end }) => Number(end ?? start))) + 1
  return {
    line: history.length + 1,
    client: 'fresh',
    op: 'get',
    key,
    value: undefined,
    expected: undefined,
    output,
    current: undefined,
    prev: undefined,
    start,
    end: start + 1,
    status: 'ok',
  }
}

/** The history as `workload` would write it. */
export function linesOf(history: readonly Operation[]): string[] {
  return history.map(operation => JSON.stringify({ ...operation, line: undefined }))
}
