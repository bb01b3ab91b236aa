/** The drawing of the house, held against the code: who may import whom, and what is banned where. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** For each room, the rooms it may import at run time, or single files of others; types may come from `typesOnly`, too. */
const rooms: Record<string, { imports: string[]; files?: string[]; typesOnly?: string[] }> = {
  'src/base': { imports: [] },
  'src/raft': { imports: ['src/base'] },
  'src/kv': { imports: ['src/base'], typesOnly: ['src/session'] },
  'src/session': { imports: ['src/base'] },
  codec: { imports: ['src/base'], typesOnly: ['src/raft', 'src/kv', 'src/session'] },
  // A start fills the list of entries that the log of the core takes over: a million are not laid from one into another.
  'src/storage': {
    imports: ['src/base', 'codec'],
    files: ['src/raft/entry-list.ts', 'src/raft/snapshot-meta.ts'],
    typesOnly: ['src/raft'],
  },
  'src/transport': { imports: ['src/base', 'codec'], typesOnly: ['src/raft'] },
  'src/client': { imports: ['src/base', 'codec', 'src/kv', 'src/transport'], typesOnly: ['src/raft', 'src/node'] },
  'src/node': {
    imports: ['src/base', 'codec', 'src/raft', 'src/kv', 'src/session', 'src/storage', 'src/transport'],
  },
  'src/sim': {
    imports: [
      'src/base',
      'codec',
      'src/raft',
      'src/kv',
      'src/session',
      'src/storage',
      'src/transport',
      'src/client',
      'src/node',
    ],
  },
}

/** Rooms where nothing may ask a clock, roll dice or wait for a promise. */
const deterministic = [
  'src/raft',
  'src/kv',
  'src/session',
  'codec',
  'src/storage',
  'src/transport',
  'src/client',
  'src/node',
  'src/sim',
]

/** The real implementations of ports and the public faces: where the outside world begins. */
const realFiles = new Set([
  'src/base/real-clock.ts',
  'src/client/calls.ts',
  'src/client/client.ts',
  'src/client/connect.ts',
  'src/client/server-reports.ts',
  'src/client/snapshots.ts',
  'src/node/server.ts',
])

/** Runs in a browser, and only shows what was computed. */
const browserFolder = 'src/sim/timeline/page/'

const banned: [RegExp, string][] = [
  [/\bDate\b|\bperformance\b|\bhrtime\b/, 'asks a clock: take `now` as an argument, or the Clock port'],
  [/\bMath\.random\b/, 'rolls dice: take a Prng'],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b/, 'makes a timer: use the Clock port'],
  [/\bPromise\b|\bawait\b|\basync\b/, 'waits for a promise: use callbacks'],
  [/\bconsole\./, 'prints: take a Logger'],
]

interface Source {
  path: string
  text: string
}

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

const sources = ['src', 'codec', 'bin', 'bench'].flatMap(sourcesUnder)

/** The longest room that a path lies in, or its first folder. */
function roomOf(path: string): string {
  return Object.keys(rooms).find(room => path.startsWith(`${room}/`)) ?? path.split('/')[0]!
}

function importsOf({ path, text }: Source): { target: string; isType: boolean }[] {
  const lines = text.matchAll(/^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'/gm)
  return [...lines].map(([, isType, target]) => ({
    target: target!.startsWith('.') ? relative(root, resolve(root, dirname(path), target!)) : target!,
    isType: isType !== undefined,
  }))
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'[^'\n]*'|`[^`]*`/g, "''")
}

void t.test('imports point one way', t => {
  for (const source of sources) {
    const room = rooms[roomOf(source.path)]
    if (room === undefined) continue
    for (const { target, isType } of importsOf(source)) {
      if (!target.startsWith('src/') && !target.startsWith('codec/')) continue
      const to = roomOf(target)
      const allowed =
        to === roomOf(source.path) ||
        room.imports.includes(to) ||
        room.files?.includes(target.replace(/js$/, 'ts')) ||
        (isType && room.typesOnly?.includes(to))
      if (!allowed) t.fail(`${source.path} imports ${target}`)
    }
  }
  t.ok(sources.length > 60, 'the sources were found')
  t.end()
})

void t.test('raft, kv, session and codec do no input or output', t => {
  for (const source of sources) {
    if (!['src/raft', 'src/kv', 'src/session', 'codec'].includes(roomOf(source.path))) continue
    for (const { target } of importsOf(source)) {
      if (target.startsWith('node:')) t.equal(target, 'node:zlib', `${source.path} imports ${target}`)
      else if (!target.startsWith('src/') && !target.startsWith('codec/')) t.fail(`${source.path} imports ${target}`)
    }
  }
  t.pass()
  t.end()
})

void t.test('C12, T03: below the public faces nothing knows time, chance or promises', t => {
  for (const { path, text } of sources) {
    if (!deterministic.includes(roomOf(path)) || realFiles.has(path) || path.startsWith(browserFolder)) continue
    for (const [pattern, why] of banned) {
      const found = pattern.exec(withoutComments(text))
      if (found !== null) t.fail(`${path} ${why} (${found[0]})`)
    }
  }
  t.pass()
  t.end()
})

void t.test('files stay short enough to be one rule', t => {
  for (const { path, text } of sources) {
    const lines = text.split('\n').length
    if (lines > 420) t.fail(`${path} has ${lines} lines: split it by rule`)
  }
  t.pass()
  t.end()
})

void t.test('every source file says what it is', t => {
  for (const { path, text } of sources) {
    if (!/^(#!.*\n)?\/\*\*/.test(text) && !path.endsWith('.d.ts')) t.fail(`${path} has no header comment`)
  }
  t.pass()
  t.end()
})
