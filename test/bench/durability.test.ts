/** The measurement of durability as it is typed, as short as can be. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Program, run, sleep } from '../process/program.js'
import { temporaryDirectory } from '../process/rig.js'

const durability = [process.execPath, fileURLToPath(new URL('../../bench/durability.js', import.meta.url))]

void t.test('wrong usage is one line and exit status 2', async t => {
  t.match(await run(t, [...durability, '--phases', 'log,all']), {
    status: 2,
    stderr: /^raftgram: --phases must be of.*\n$/,
  })
  t.match(await run(t, [...durability, '--puts', '0']), { status: 2, stderr: /^raftgram: --puts must be/ })
  t.match(await run(t, [...durability, '--put', '5']), { status: 2, stderr: /did you mean --puts/i })
  t.match(await run(t, [...durability, 'all']), { status: 2, stderr: /^raftgram: 'all' is no option.*--\n$/ })
  t.match(await run(t, [...durability, '--help']), { status: 0, stdout: /--puts/ })
})

void t.test('every phase has its figures', async t => {
  const directory = await temporaryDirectory(t)
  const short = ['--puts', '2000', '--seconds', '0.5', '--outstanding', '16', '--data', directory]
  const program = new Program(t, [...durability, '--json', ...short])
  const { status, stdout, stderr } = await program.ended
  t.ok(status === 0 || status === 1, stderr)
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const restarted = { listensMs: Number, appliedMs: Number, cpuMs: Number, rssBytes: Number }
  t.match(lines, [
    { phase: 'log', ...restarted },
    { phase: 'snapshot', ...restarted },
    { phase: 'transfer', transferMs: Number, putsPerSecAfter: Number },
    { phase: 'taking', meanwhile: { pauseMs: Number, collectionMs: Number }, takingMs: Number, memoryGrowth: Number },
    { phase: 'disk', bytesPerPut: Number, recycled: Number, logBytesMax: Number },
    { conditions: { puts: 2000, valueBytes: 256 } },
  ])
  const figures = lines.at(-1)!['goals'] as readonly { readonly isMet: boolean }[]
  t.equal(figures.length, 8)
  t.equal(status, figures.every(({ isMet }) => isMet) ? 0 : 1)
  t.ok(Number(lines[4]!['bytesPerPut']) > 256, 'a put is more than its value')
  t.same(readdirSync(directory), [])
})

void t.test('a signal takes everything down', async t => {
  const directory = await temporaryDirectory(t)
  const options = ['--phases', 'taking', '--puts', '1000', '--seconds', '60', '--data', directory]
  const program = new Program(t, [...durability, ...options])
  const begun = () => readdirSync(directory, { recursive: true }).some(name => String(name).endsWith('taking-1/log'))
  while (!begun()) await sleep(50)
  await sleep(500)
  program.signal('SIGINT')
  t.match(await program.ended, { status: 3, stderr: /\nraftgram: interrupted/ })
  t.same(readdirSync(directory), [])
})
