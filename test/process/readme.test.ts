/** What README.md promises works: its commands, typed against a cluster on other ports, and its programs. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { startDev } from '../bin/dev-cluster.js'
import { raftgram, run } from './program.js'
import { patienceMs, temporaryDirectory } from './rig.js'

const root = rootOf(dirname(fileURLToPath(import.meta.url)))
const built = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Needs a network, other hosts, or a number that only the reader knows; or starts what would listen on fixed ports. */
const notHere = /^npm |LEADER_PID|10\.0\.0\.|npx raftgram (dev|serve)/

const directory = await temporaryDirectory(t)
const { port, environment: ofCluster } = await startDev(t)

void t.test('the commands', async t => {
  const commands = blocksOf('sh').flatMap(block => block.split('\n'))
  const environment = {
    ...ofCluster,
    RAFTGRAM_TIMEOUT_MS: String(patienceMs),
  }
  for (const command of commands.filter(command => command !== '' && !notHere.test(command))) {
    const [npx, name, ...words] = shortened(command).split(/\s+/)
    t.equal(`${String(npx)} ${String(name)}`, 'npx raftgram', command)
    const moved = words.map(word => (/\.(jsonl|html|snapshot)$/.test(word) ? join(directory, word) : word))
    const { status, stderr } = await run(t, [...raftgram, ...moved], environment)
    t.equal(status, 0, `${command}: ${stderr}`)
  }
})

void t.test('safety breaks on purpose where it says so', async t => {
  const [, words = ''] = /`npx raftgram (sim [^`]*--lying-disks)`/.exec(readme) ?? []
  const { status, stderr } = await run(t, [...raftgram, ...words.split(' '), '--shrink-s', '0'], {})
  t.equal(status, 1, `${words}: ${stderr}`)
})

void t.test('the programs', async t => {
  installInto(directory)
  const [own] = await freePorts(1)

  const programs = blocksOf('ts').map((source, at) => {
    const file = join(directory, `program-${at}.ts`)
    const moved = source.replace(/127\.0\.0\.1:74(\d\d)/g, (_, last: string) => {
      return `${loopback}:${last === '11' ? own! : port + Number(last) - 1}`
    })
    writeFileSync(file, moved)
    return file
  })
  t.ok(programs.length >= 2)
  const compiler = [process.execPath, join(root, 'node_modules/typescript/bin/tsc')]
  const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']
  const compiled = await runIn(directory, [...compiler, ...options, ...programs])
  t.equal(compiled.status, 0, compiled.said)
  for (const file of programs) {
    const { status, said } = await runIn(directory, [process.execPath, file.replace(/\.ts$/, '.js')])
    t.equal(status, 0, `${readFileSync(file, 'utf8')}\n${said}`)
  }
})

/** The same with less of it to do. */
function shortened(command: string): string {
  return command
    .replace(/ --duration-s \d+/, ' --duration-s 1')
    .replace(/ --seeds 1\.\.\d+/, ' --seeds 1..10')
    .replace(/ search$/, ' search --states-max 20000')
}

/** A package of its own that has the built one as a dependency. */
function installInto(directory: string): void {
  const modules = join(directory, 'node_modules')
  mkdirSync(join(modules, 'raftgram'), { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  const { name, type, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  writeFileSync(join(modules, 'raftgram/package.json'), JSON.stringify({ name, type, exports }))
  symlinkSync(built, join(modules, 'raftgram/dist'))
  symlinkSync(join(root, 'node_modules/@types'), join(modules, '@types'))
}

function blocksOf(language: string): string[] {
  return Array.from(readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms')), ([, block = '']) => block)
}

async function runIn(directory: string, [file = '', ...words]: readonly string[]) {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, words, { cwd: directory, timeout: patienceMs })
    return { status: 0, said: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string }
    return { status: code ?? null, said: `${stdout ?? ''}${stderr ?? String(error)}` }
  }
}

/** The nearest directory above that is a package. */
function rootOf(directory: string): string {
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    try {
      readFileSync(join(at, 'package.json'))
      return at
    } catch {
      continue
    }
  }
  throw new Error(`no package.json above ${directory}`)
}
