/** docs/scenarios.md, held against the titles of the tests: what it names is there, and what they cite is in it. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')

/** By file below test/, the titles of its tests as they are typed. */
const titles = new Map<string, readonly string[]>(
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => [name, titlesIn(readFileSync(join(root, 'test', name), 'utf8'))]),
)

function titlesIn(source: string): string[] {
  const calls = source.matchAll(/\.test\(\s*('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)/g)
  return [...calls].map(([, literal]) => literal!.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
}

/** The scenarios that a title cites; K is for rules (test/rules.test.ts). */
function numbersIn(title: string): string[] {
  return title.match(/\b[A-JL-Z]\d\d\b/g) ?? []
}

interface Row {
  readonly number: string
  readonly what: string
  readonly entries: readonly string[]
}

const rows = readFileSync(join(root, 'docs/scenarios.md'), 'utf8')
  .split('\n')
  .filter(line => /^\| [A-Z]\d\d /.test(line))
  .map((line): Row => {
    const [number = '', what = '', where = ''] = line.slice(2, -2).split(' | ')
    return { number, what, entries: where.split('<br>') }
  })

void t.test('every row is of one scenario, and says what it is about and where it is tested', t => {
  t.ok(rows.length > 100)
  t.equal(new Set(rows.map(row => row.number)).size, rows.length, 'each number once')
  for (const { number, what, entries } of rows) {
    if (what.length < 10) t.fail(`${number} says too little`)
    for (const entry of entries) {
      if (!/^(`[^`]+` .+|waits for .+)$/.test(entry)) t.fail(`${number}: no place of a test: ${entry}`)
    }
  }
  t.end()
})

void t.test('every test that a row names is there, and cites its number', t => {
  for (const { number, entries } of rows) {
    for (const entry of entries) {
      const [, file, text] = /^`([^`]+)` (.+)$/.exec(entry) ?? []
      if (file === undefined || text === undefined) continue
      const citing = (titles.get(file) ?? []).filter(title => numbersIn(title).includes(number))
      const named = text.replace(/ \(and others\)$/, '')
      if (!citing.some(title => title.includes(named))) t.fail(`${number}: ${file} has no such test: ${named}`)
      if (citing.length > 1 !== (named !== text)) t.fail(`${number}: ${file} has ${citing.length} tests of it`)
    }
  }
  t.pass()
  t.end()
})

void t.test('every number that a title cites has a row, which names its file', t => {
  const filesOf = new Map(rows.map(({ number, entries }) => [number, entries.map(entry => entry.split('`')[1])]))
  for (const [file, list] of titles) {
    for (const title of list) {
      for (const number of numbersIn(title)) {
        if (filesOf.get(number)?.includes(file) !== true) t.fail(`${number} does not name ${file}: ${title}`)
      }
    }
  }
  t.ok([...titles.values()].flat().length > 400, 'the titles were found')
  t.end()
})
