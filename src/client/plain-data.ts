/**
 * What msgpack would drop, empty or rename without a word, anywhere inside a value: a function comes back as undefined, a
 * Promise as an empty object. Such a value is a mistake of the program (an await forgotten), so it is refused before it is
 * kept. So is a property named __proto__, as JSON.parse can make one: msgpackr would give it another name when it is read.
 */

/** Deeper data is refused: msgpackr recurses, and its stack ends not far beyond. */
const depthMax = 10_000

/** What a look inside shows nothing of. */
const unkeepable = new Set(['[object Promise]', '[object WeakMap]', '[object WeakSet]', '[object WeakRef]'])

interface Inner {
  readonly value: unknown
  readonly depth: number
}

/**
 * What stands in the way of carrying this value, as a noun with its article ("a function"), or null. Walks without
 * recursion, and once through what is there twice, so that cycles end. Throws what a getter or toJSON throws.
 */
export function notPlainIn(root: unknown): string | null {
  const visited = new Set<object>()
  const stack: Inner[] = [{ value: root, depth: 0 }]
  for (let inner = stack.pop(); inner !== undefined; inner = stack.pop()) {
    const { value, depth } = inner
    if (typeof value === 'function') return 'a function'
    if (typeof value === 'symbol') return 'a symbol'
    if (typeof value !== 'object' || value === null || visited.has(value)) continue
    visited.add(value)
    const tag = Object.prototype.toString.call(value)
    if (unkeepable.has(tag)) return `a ${tag.slice('[object '.length, -1)}`
    if (namesOf(value).some(name => name === '__proto__')) return 'a property named __proto__'
    if (depth === depthMax) return `data nested more than ${depthMax} deep`
    for (const part of partsOf(value)) stack.push({ value: part, depth: depth + 1 })
  }
  return null
}

/** Under which names its parts come back. */
function namesOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value.keys()] as unknown[]
  return Array.isArray(value) || ArrayBuffer.isView(value) ? [] : Object.keys(value)
}

/** What msgpackr would write of it. */
function partsOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return []
  if (Array.isArray(value) || value instanceof Set) return value as Iterable<unknown>
  if (value instanceof Map) return [...value.keys(), ...value.values()] as unknown[]
  if (value instanceof Error) return [value.cause]
  const { toJSON } = value as { toJSON?: unknown }
  // An own toJSON of a plain object is a property as any other.
  if (typeof toJSON === 'function' && value.constructor !== Object) return [toJSON.call(value) as unknown]
  return Object.values(value) as unknown[]
}
