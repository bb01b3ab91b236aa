/** The comparison as it is typed, as short as can be. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { whyNoHosts } from '../../bench/loss/hosts.js'
import { Program, run, sleep } from '../process/program.js'
import { temporaryDirectory } from '../process/rig.js'

const loss = [process.execPath, fileURLToPath(new URL('../../bench/loss.js', import.meta.url))]
const built = fileURLToPath(new URL('../../bin/raftgram.js', import.meta.url))
const why = await whyNoHosts()

void t.test('wrong usage is one line and exit status 2', async t => {
  t.match(await run(t, [...loss, '--loss', '5,all']), { status: 2, stderr: /^raftgram: --loss must be a number.*\n$/ })
  t.match(await run(t, [...loss, '--systems', 'etcetera']), { status: 2, stderr: /^raftgram: --systems must be of/ })
  t.match(await run(t, [...loss, '--los', '5']), { status: 2, stderr: /did you mean --loss/i })
  t.match(await run(t, [...loss, '--together']), {
    status: 2,
    stderr: why === null ? /^raftgram: --together needs --base.*\n$/ : /./,
  })
  t.match(await run(t, [...loss, '--svg', '/nonexistent/x.svg']), {
    status: 2,
    stderr: why === null ? /^raftgram: --svg \/nonexistent\/x.svg cannot be written: .*\n$/ : /./,
  })
  t.match(await run(t, [...loss, '--systems', 'floor', '--loss', '5']), {
    status: 2,
    stderr: why === null ? /^raftgram: nothing is left to be measured.*\n$/ : /./,
  })
  t.match(await run(t, [...loss, '--json', 'out.json']), {
    status: 2,
    stderr: /^raftgram: 'out.json' is no option.*--\n$/,
  })
  t.match(await run(t, [...loss, '--help']), { status: 0, stdout: /--loss/ })
})

void t.test('without tools for namespaces nothing is started', async t => {
  const ended = await run(t, loss, { PATH: await temporaryDirectory(t) })
  t.match(ended, { status: 2, stdout: '', stderr: /^raftgram: hosts of their own cannot be made: .*\n$/ })
})

void t.test('what a server says of its options is what is wrong', { skip: why ?? false }, async t => {
  const only = ['--systems', 'raftgram', '--loss', '0', '--seconds', '0.5', '--warm-up', '0']
  const { status, stderr } = await run(t, [...loss, ...only, '--', '--election-timeout-ms', '3'])
  t.equal(status, 1)
  t.match(stderr, /^1 cell, about 1 min\n/)
  t.match(stderr, /could not be measured: raftgram serve failed: the election timeout \(3 ms\)/)
})

void t.test(
  'regression_what_is_wrong_behind_the_dashes_is_said_before_the_first_cell',
  { skip: why ?? false },
  async t => {
    t.match(await run(t, [...loss, '--', '--bogus', '3']), {
      status: 2,
      stdout: '',
      stderr: /^raftgram: behind --, for raftgram serve: unknown option --bogus; see raftgram serve --help\n$/,
    })
  },
)

void t.test('regression_a_directory_that_does_not_exist_is_not_made', { skip: why ?? false }, async t => {
  const missing = join(await temporaryDirectory(t), 'missing', 'directory')
  for (const directory of [missing, '/proc/x/y']) {
    t.match(await run(t, [...loss, '--data', directory]), {
      status: 2,
      stdout: '',
      stderr: /^raftgram: --data \/.* does not exist: make it first, or name another directory\n$/,
    })
  }
  t.notOk(existsSync(dirname(missing)))
})

void t.test('two builds at the same time, each on a network of its own', { skip: why ?? false }, async t => {
  const directory = await temporaryDirectory(t)
  const which = ['--systems', 'raftgram', '--base', built, '--together', '--loss', '1']
  const { lines, pid } = await measured(t, directory, which)
  t.match(lines, [
    { system: 'raftgram', lossPercent: 1, opsPerSec: Number },
    { system: 'base', lossPercent: 1, opsPerSec: Number },
    { medians: [{ system: 'raftgram', ratioTo: { base: Number } }, {}], conditions: { together: true } },
  ])
  t.notMatch(namespaces(), `raftgram-${pid}-`)
})

void t.test('raftgram with and without loss, and the floor', { skip: why ?? false }, async t => {
  const directory = await temporaryDirectory(t)
  const picture = join(directory, 'loss.svg')
  const which = ['--systems', 'raftgram,floor', '--loss', '0,20', '--svg', picture]
  const { lines, pid } = await measured(t, directory, which)
  t.match(lines.map(({ system, lossPercent }) => [system, lossPercent]).slice(0, -1), [
    ['raftgram', 0],
    ['floor', 0],
    ['raftgram', 20],
  ])
  t.match(lines[0], { opsPerSec: Number, shareOfLossless: 1, lostPercent: 0, cpuUsPerOp: Number, packetsPerOp: Number })
  const lost = Number(lines[2]!['lostPercent'])
  t.ok(lost > 10 && lost < 30, `${lost} % were lost`)
  t.match(lines[3], {
    medians: [{ system: 'raftgram', ratioTo: { floor: Number } }, {}, {}],
    conditions: { mtu: 1500 },
  })
  t.match(readFileSync(picture, 'utf8'), /<svg/)
  t.notMatch(namespaces(), `raftgram-${pid}-`)
})

void t.test('a signal takes everything down, of all networks', { skip: why ?? false }, async t => {
  for (const more of [[], ['--base', built, '--together']]) {
    const directory = await temporaryDirectory(t)
    const program = new Program(t, [...loss, '--systems', 'raftgram', '--seconds', '60', '--data', directory, ...more])
    const lastHost = `raftgram-${program.pid}-${more.length === 0 ? 1 : 2}-4`
    while (!namespaces().includes(lastHost)) await sleep(50)
    await sleep(500)
    program.signal('SIGINT')
    t.match(await program.ended, { status: 3, stderr: /\nraftgram: interrupted/ })
    t.notMatch(namespaces(), `raftgram-${program.pid}-`)
    t.strictSame(readdirSync(directory), [])
  }
})

void t.test('regression_a_signal_while_hosts_are_made_is_an_interruption', { skip: why ?? false }, async t => {
  const directory = await temporaryDirectory(t)
  const program = new Program(t, [...loss, '--systems', 'raftgram', '--data', directory])
  while (!namespaces().includes(`raftgram-${program.pid}-1-0`)) await sleep(1)
  program.signal('SIGINT')
  t.match(await program.ended, { status: 3, stderr: /raftgram: interrupted/ })
  t.notMatch(namespaces(), `raftgram-${program.pid}-`)
  t.strictSame(readdirSync(directory), [])
})

/** Measures for half a second; what it printed of each cell and of all. */
async function measured(
  t: Test,
  directory: string,
  options: readonly string[],
): Promise<{ readonly lines: readonly Record<string, unknown>[]; readonly pid: number }> {
  const short = ['--seconds', '0.5', '--warm-up', '0.1', '--keys', '50', '--outstanding', '8', '--data', directory]
  const program = new Program(t, [...loss, ...options, '--json', ...short])
  const { status, stdout, stderr } = await program.ended
  t.equal(status, 0, stderr)
  const lines = stdout.trim().split('\n')
  return { lines: lines.map(line => JSON.parse(line) as Record<string, unknown>), pid: program.pid }
}

function namespaces(): string {
  return execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
}
