/** From what was typed to a command with its words and options: in this process, with a command that only listens. */
import t, { type Test } from 'tap'
import { runCommandLine } from '../../bin/cli.js'
import { defineCommand } from '../../bin/command.js'
import { commandTable } from '../../bin/command-table.js'
import { CommandError } from '../../bin/exit-status.js'
import { flag, optional, positive, required, text, whole, withDefault } from '../../bin/option.js'

interface Heard {
  words: string[]
  options: Record<string, unknown>
}

let heard: Heard[] = []

const putCommand = defineCommand({
  name: 'put',
  words: ['KEY', '[VALUE]'],
  describe: 'Listen',
  options: {
    endpoints: withDefault('Servers', text, 'here'),
    timeoutMs: withDefault('Time', positive, '5000'),
    limit: optional('Limit', whole(1)),
    absent: flag('Absent'),
  },
  examples: [],
  run({ words, options }) {
    heard.push({ words: words.map(word => word.text + (word.isLiteral ? ' (literal)' : '')), options })
    return Promise.resolve(0)
  },
})

const serveCommand = defineCommand({
  name: 'serve',
  words: [],
  describe: 'Need',
  options: { id: required('The id', whole(1, 9)) },
  examples: [],
  run: ({ options }) => Promise.reject(new CommandError('unavailable', `no ${options.id}`)),
})

const commands = commandTable({ put: () => Promise.resolve(putCommand), serve: () => Promise.resolve(serveCommand) })

/** Runs it with stderr caught: its lines come back beside the status. */
async function run(t: Test, typed: string[]): Promise<{ status: number; stderr: string }> {
  heard = []
  const written = t.capture(process.stderr, 'write', () => true)
  const status = await runCommandLine(typed, commands)
  const stderr = written()
    .map(({ args }) => String(args[0]))
    .join('')
  written.restore()
  return { status, stderr }
}

void t.test('words are taken exactly as typed', async t => {
  const pairs = [
    ['007', '1e3'],
    ['k', '-1'],
    ['k', ''],
    ['-k', '-x=3'],
    ['0x1F', 'true'],
    ['k', '-'],
    ['"k"', "'v'"],
    ['k', ' two  words\n'],
    ['ключ', '\u{1f511}'],
    ['__proto__', 'constructor'],
    ['k', '---'],
    ['k', '-h'],
    ['a.b', '[1]'],
  ]
  for (const pair of pairs) {
    t.strictSame(await run(t, ['put', ...pair]), { status: 0, stderr: '' }, pair.join(' '))
    t.strictSame(heard[0]?.words, pair, pair.join(' '))
  }
})

void t.test('behind -- everything is a word', async t => {
  t.equal((await run(t, ['put', 'k', '--limit', '2', '--', '--limit'])).status, 0)
  t.strictSame(heard[0]?.words, ['k', '--limit (literal)'])
  t.equal(heard[0]?.options['limit'], 2)
  t.equal((await run(t, ['put', '--', '--', '-'])).status, 0)
  t.strictSame(heard[0]?.words, ['-- (literal)', '- (literal)'])
  t.equal((await run(t, ['put', '--', '--help'])).status, 0)
  t.strictSame(heard[0]?.words, ['--help (literal)'])
})

void t.test('options come before the environment, that before the file, that before the default', async t => {
  const directory = t.testdir({
    'c.json': JSON.stringify({ timeoutMs: 11, endpoints: ['a', 'b'], limit: 3, absent: true, id: 4 }),
  })
  const before = { ...process.env }
  t.teardown(() => (process.env = before))
  await run(t, ['put', 'k'])
  t.match(heard[0]?.options, { endpoints: 'here', timeoutMs: 5_000, limit: undefined, absent: false, json: false })
  await run(t, ['--config', `${directory}/c.json`, 'put', 'k'])
  t.match(heard[0]?.options, { endpoints: 'a,b', timeoutMs: 11, limit: 3, absent: true })
  process.env['RAFTGRAM_CONFIG'] = `${directory}/c.json`
  process.env['RAFTGRAM_TIMEOUT_MS'] = '22'
  process.env['RAFTGRAM_ABSENT'] = '0'
  // Of another command, or of none: not this one's business. Words do not come from the environment.
  process.env['RAFTGRAM_ID'] = 'x'
  process.env['RAFTGRAM_KEY'] = 'other'
  await run(t, ['put', 'k', '--limit=5'])
  t.match(heard[0]?.options, { endpoints: 'a,b', timeoutMs: 22, limit: 5, absent: false })
  t.strictSame(heard[0]?.words, ['k'])
})

void t.test('wrong usage is status 2 and one line, and nothing runs', async t => {
  const directory = t.testdir({ 'bad.json': '{', 'list.json': '[]', 'typo.json': '{"timeout-sm":1}' })
  const cases: [typed: string[], says: RegExp][] = [
    [[], /which command\?/],
    [['putt', 'k'], /unknown command 'putt': did you mean put\?/],
    [['xyzzy'], /unknown command 'xyzzy': raftgram --help lists them all/],
    [['xyzzy', '--help'], /unknown command 'xyzzy'/],
    [['put'], /put takes KEY \[VALUE\], not none/],
    [['put', 'a', 'b', 'c'], /put takes KEY \[VALUE\], not 'a' 'b' 'c'/],
    [['put', 'a', '--limt', '3'], /unknown option --limt: did you mean --limit\?/],
    [['put', 'a', '--verbose'], /unknown option --verbose; see raftgram put --help\n$/],
    [['put', 'a', '--limit'], /--limit needs a value/],
    [['put', 'a', '--limit', '--absent'], /--limit needs a value/],
    [['put', 'a', '--limit', '1', '--limit', '2'], /--limit is given twice/],
    [['put', 'a', '--limit', '1e1'], /--limit must be a whole number from 1, not '1e1'/],
    [['put', 'a', '--limit', '01'], /--limit must be a whole number/],
    [['put', 'a', '--limit='], /--limit must be a whole number/],
    [['put', 'a', '--timeout-ms', '-5'], /--timeout-ms must be a number above 0, not '-5'/],
    [['put', 'a', '--timeout-ms', '0'], /--timeout-ms must be a number above 0/],
    [['put', 'a', '--absent=maybe'], /--absent/],
    [['put', 'a', '--log-level', 'loud'], /--log-level must be one of trace, .*not 'loud'/],
    [['put', 'a', '--config', `${directory}/none.json`], /--config: .*none.json: it does not exist: name a JSON file/],
    [['put', 'a', '--config', `${directory}/bad.json`], /--config: cannot read .*bad.json as JSON/],
    [['put', 'a', '--config', `${directory}/list.json`], /must hold one JSON object/],
    [
      ['put', 'a', '--config', `${directory}/typo.json`],
      /unknown option --timeout-sm in .*: did you mean --timeout-ms/,
    ],
    // regression_help_with_a_value_was_unknown_and_meant_help
    [['put', '--help=1'], /^raftgram: --help takes no value: type it alone, as in raftgram put --help\n$/],
    [['put', '--version=1', 'a'], /--version takes no value: type it alone, as in raftgram put --version\n$/],
    [['--help=1'], /--help takes no value: type it alone, as in raftgram --help\n$/],
    [['serve'], /serve needs --id \(the id\)/],
    [['serve', 'now', '--id', '1'], /serve takes no words, not 'now'/],
    [['serve', '--id', '10'], /--id must be a whole number from 1 to 9, not '10'/],
  ]
  for (const [typed, says] of cases) {
    const { status, stderr } = await run(t, typed)
    t.equal(status, 2, typed.join(' '))
    t.match(stderr, says)
    t.match(stderr, /^raftgram: [^\n]+\n$/, 'one line')
    t.equal(heard.length, 0)
  }
})

void t.test('regression_words_that_are_not_utf8_are_refused', async t => {
  const { status, stderr } = await run(t, ['put', 'k\u{fffd}', 'v'])
  t.equal(status, 2)
  t.match(stderr, /^raftgram: 'k\u{fffd}' is not valid UTF-8[^\n]*\n$/u)
  t.equal(heard.length, 0)
})

void t.test('regression_a_mistake_is_named_where_it_stands', async t => {
  const directory = t.testdir({
    'help.json': '{"help":true}',
    'word.json': '{"KEY":"k"}',
    'flag.json': '{"json":"yes"}',
    'value.json': '{"limit":"many"}',
    'mark.json': '\u{feff}{"limit":7}',
  })
  const cases: [name: string, says: RegExp][] = [
    ['help', /help\.json has "help", which can only be typed/],
    ['word', /word\.json has "KEY", which is no option/],
    ['flag', /--json in .*flag\.json must be true or false, not "yes"/],
    ['value', /--limit in .*value\.json must be a whole number from 1, not 'many'/],
  ]
  for (const [name, says] of cases) {
    const { status, stderr } = await run(t, ['put', 'k', '--config', `${directory}/${name}.json`])
    t.equal(status, 2)
    t.match(stderr, says)
  }
  t.equal((await run(t, ['put', 'k', '--config', `${directory}/mark.json`])).status, 0)
  t.equal(heard[0]?.options['limit'], 7)
  t.match((await run(t, ['put', 'k', '--limit', '9'.repeat(20)])).stderr, /from 1 to 9007199254740991/)

  process.env['RAFTGRAM_TIMEOUT_MS'] = 'soon'
  t.teardown(() => delete process.env['RAFTGRAM_TIMEOUT_MS'])
  t.match((await run(t, ['put', 'k'])).stderr, /^raftgram: RAFTGRAM_TIMEOUT_MS must be a number above 0, not 'soon'/)
})

void t.test('regression_a_mistyped_variable_is_told_and_stops_nothing', async t => {
  const before = { ...process.env }
  t.teardown(() => (process.env = before))
  // Of another command, and of somebody else.
  process.env['RAFTGRAM_ID'] = '1'
  process.env['RAFTGRAM_HOMEPAGE'] = 'x'
  t.strictSame(await run(t, ['put', 'k']), { status: 0, stderr: '' })
  process.env['RAFTGRAM_ENDPOINT'] = 'there'
  t.strictSame(await run(t, ['put', 'k']), {
    status: 0,
    stderr:
      'raftgram: RAFTGRAM_ENDPOINT in the environment is no option and has no effect: did you mean RAFTGRAM_ENDPOINTS?\n',
  })
  t.equal(heard[0]?.options['endpoints'], 'here')
})

void t.test('a command that fails gives its status and one line', async t => {
  t.strictSame(await run(t, ['serve', '--id', '3']), { status: 3, stderr: 'raftgram: no 3\n' })
})
