/** docs/rules.md, held against the code: what it names is there and cites the rule, and whatever is cited stands in a page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

interface Rule {
  readonly number: string
  readonly says: string
  readonly paidForBy: string
  /** Source files that keep it, and tests that show it. */
  readonly files: readonly string[]
}

const rules = readFileSync(join(root, 'docs/rules.md'), 'utf8')
  .split('\n')
  .filter(line => /^\| [A-Z]\d/.test(line))
  .map((line): Rule => {
    const [number = '', says = '', paidForBy = '', where = ''] = line.slice(2, -2).split(' | ')
    return { number, says, paidForBy, files: [...where.matchAll(/`([^`]+)`/g)].map(([, file]) => file!) }
  })

const scenarios = readFileSync(join(root, 'docs/scenarios.md'), 'utf8').matchAll(/^\| ([A-Z]\d\d) \|/gm)

const known = new Set([...scenarios].map(([, number]) => number!).concat(rules.map(({ number }) => number)))

/** By path, whatever may cite a rule or a scenario. */
const texts = new Map<string, string>(
  ['src', 'codec', 'bin', 'bench', 'scripts', 'test', 'docs']
    .flatMap(room =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map(name => `${room}/${name}`),
    )
    .concat('README.md', 'CONTRIBUTING.md')
    .filter(path => /\.(ts|mjs|md)$/.test(path))
    .map(path => [path, readFileSync(join(root, path), 'utf8')]),
)

function isTest(path: string): boolean {
  return path.startsWith('test/')
}

void t.test('every row is one rule, says who paid for it, and where it is kept and shown', t => {
  t.ok(rules.length > 20)
  t.equal(new Set(rules.map(rule => rule.number)).size, rules.length, 'each number once')
  for (const { number, says, paidForBy, files } of rules) {
    t.match(number, /^K\d\d$/)
    if (says.length < 20) t.fail(`${number} says too little`)
    if (paidForBy.length < 5) t.fail(`${number} says of nobody who paid for it`)
    if (!files.some(isTest)) t.fail(`${number} names no test`)
    if (files.every(isTest)) t.fail(`${number} is kept nowhere`)
  }
  t.end()
})

void t.test('every file that a row names is there, and cites the rule unless it is a test', t => {
  for (const { number, files } of rules) {
    for (const file of files) {
      if (!existsSync(join(root, file))) t.fail(`${number}: there is no ${file}`)
      else if (!isTest(file) && texts.get(file)?.includes(number) !== true)
        t.fail(`${number}: ${file} does not cite it`)
    }
  }
  t.pass()
  t.end()
})

void t.test('every rule and scenario that is cited stands in its page', t => {
  let cited = 0
  for (const [path, text] of texts) {
    // And no code in brackets is of another form.
    for (const [code] of text.matchAll(/\b[A-Z]\d\d\b|(?<=\()[A-Z]\d+[a-z]?(?=[),:;])/g)) {
      cited++
      if (!known.has(code))
        t.fail(`${path} cites ${code}, which stands neither in docs/rules.md nor in docs/scenarios.md`)
    }
  }
  t.ok(cited > 400, 'the citations were found')
  t.end()
})
