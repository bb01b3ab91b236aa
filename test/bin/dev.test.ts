/** `raftgram dev` as a story: a server is killed and started again, then dev itself is killed, and nothing is left behind. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { freePorts } from '../../bin/local-cluster.js'
import { Program, raftgram, run, sleep } from '../process/program.js'
import { patienceMs, temporaryDirectory } from '../process/rig.js'
import type { DevServer } from './dev-cluster.js'
import { startDev } from './dev-cluster.js'

interface Ended {
  readonly event: 'ended'
  readonly id: number
  readonly signal: string
  readonly restart: string
}

void t.test('regression_dev_waited_in_silence_for_a_leader_that_no_election_could_give', async t => {
  const directory = await temporaryDirectory(t)
  const faults = ['--fault-loss', '1', '--log-level', 'warn']
  let program: Program
  do {
    const [port = 0] = await freePorts(1)
    const where = ['--servers', '2', '--port', String(Math.min(port, 65_534)), '--data', directory]
    program = new Program(t, [...raftgram, 'dev', ...where, ...faults])
    const says = () => program.hasEnded || program.complaints.includes('no leader after 5 s: ')
    await until(t, 'it says so, or that the port behind is taken', says)
  } while (program.complaints.includes('in use'))
  program.signal('SIGINT')
  t.equal((await program.ended).status, 0)
})

void t.test('kill the leader, start it again, kill dev', async t => {
  const dev = await startDev(t)
  const { servers, leaderId, environment, directory, program } = dev
  const typed = (...words: string[]) => run(t, [...raftgram, ...words], environment)
  t.equal((await typed('put', 'kept', 'yes')).status, 0)

  const leader = servers.find(({ id }) => id === leaderId)!
  process.kill(leader.pid, 'SIGKILL')
  t.equal((await typed('get', 'kept', '--timeout-ms', '15000')).stdout, 'yes', 'the others go on')
  await until(t, 'dev tells of it', () => program.complaints.includes('starts it again'))
  const restart = /starts it again.*\n {2}(.*)\n/.exec(program.complaints)?.[1] ?? ''
  const restarted = new Program(t, ['sh', '-c', `exec ${restart} --json`])
  t.match(JSON.parse(await restarted.line()), { event: 'ready', id: leaderId, address: leader.address })
  const roles = await typed('status', '--json', '--timeout-ms', '15000')
  t.match(roles.stdout, `"address":"${leader.address}"`)

  const others = servers.filter(({ id }) => id !== leaderId)
  await program.kill()
  await until(t, 'the servers end with dev', () => others.every(({ pid }) => !isRunning(pid)))
  t.equal(restarted.hasEnded, false, 'the one that was started by hand does not')
  restarted.signal('SIGTERM')
  t.equal((await restarted.ended).status, 0)

  const [whole, log, table, missing, parent] = await Promise.all([
    typed('verify', '--data', join(directory, '1'), '--json'),
    typed('log', '--data', join(directory, String(leaderId)), '--json'),
    typed('log', '--data', join(directory, String(leaderId))),
    typed('log', '--data', join(directory, 'none')),
    typed('verify', '--data', directory),
  ])
  t.equal(whole.status, 0)
  t.match(JSON.parse(whole.stdout), { ok: true, serverId: 1, firstLogIndex: 1, commitIndex: Number, problems: Array })
  const entries = log.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as object)
  t.match(entries[0], { index: 1, term: 1, operation: 'found', committed: Boolean })
  const applied = { value: 'yes', revision: 2 }
  t.match(
    entries.find(entry => 'key' in entry),
    { operation: 'put', key: 'kept', value: 'yes', committed: true, applied },
  )
  t.match(table.stdout, /\n *index {2}term {2}operation +status +state machine\n/)
  t.match(table.stdout, /\n *\d+ +1 {2}put kept = "yes" +committed/)
  t.match(missing, { status: 2, stderr: /does not exist/ })
  t.match(parent, { status: 2, stderr: /choose one/ })
})

void t.test('SIGINT stops all of it cleanly; what cannot start is one line', async t => {
  const { program, servers, port, directory, environment } = await startDev(t)
  const inUse = await run(t, [...raftgram, 'dev', '--port', String(port), '--data', join(directory, 'other')])
  t.match(inUse, { status: 2, stdout: '', stderr: /^raftgram: UDP port \d+ on 127\.0\.0\.1 is in use: [^\n]*\n$/ })
  t.notOk(existsSync(join(directory, 'other')), 'nothing was written')

  const held = await run(t, [...raftgram, 'verify', '--data', join(directory, '1')])
  t.match(held, { status: 2, stderr: /in use/ })
  const again = ['serve', '--id', '1', '--cluster', environment.RAFTGRAM_ENDPOINTS, '--data', join(directory, '1')]
  t.match(await run(t, [...raftgram, ...again]), { status: 2, stderr: /^raftgram: .*not ID=HOST:PORT.*\n$/ })

  program.signal('SIGINT')
  t.equal((await program.ended).status, 0)
  const [otherPort = 0] = await freePorts(1)
  const other = ['dev', '--servers', '1', '--port', String(otherPort), '--data', directory]
  t.match(await run(t, [...raftgram, ...other]), {
    status: 2,
    stdout: '',
    stderr: /^raftgram: .* was founded with .*\n$/,
  })
  t.ok(servers.every(({ pid }) => !isRunning(pid)))
})

void t.test('with --json a server that died is told with the command that starts it', async t => {
  const { program, servers } = await startDev(t, ['--servers', '1'])
  process.kill(servers[0]!.pid, 'SIGKILL')
  const { status, stdout, stderr } = await program.ended
  const ended = JSON.parse(stdout.split('\n')[1]!) as Ended
  t.match(ended, { event: 'ended', id: 1, signal: 'SIGKILL', restart: / serve --id 1 --cluster 1=/ })
  t.equal(status, 1, 'no server is left')
  t.match(stderr, /raftgram: no server is left/)
})

void t.test('regression_data_that_does_not_fit_is_one_line', async t => {
  const file = join(t.testdir({ file: '' }), 'file')
  const [port = 0] = await freePorts(1)
  const ended = await run(t, [...raftgram, 'dev', '--servers', '1', '--port', String(port), '--data', file])
  t.match(ended, { status: 2, stdout: '', stderr: /^raftgram: --data [^\n]* is no directory\n$/ })
  const cutOff = ['serve', '--id', '1', '--cluster', '1=127.0.0.1:7401', '--data', file, '--fault-cut', '2,1']
  t.match(await run(t, [...raftgram, ...cutOff]), { status: 2, stderr: /^raftgram: --fault-cut names 1[^\n]*\n$/ })
})

void t.test('regression_a_signal_to_all_while_they_start_is_an_end_as_asked_for', async t => {
  const directory = await temporaryDirectory(t)
  const [port = 0] = await freePorts(1)
  // A group of its own, as a terminal makes it.
  const dev = ['setsid', ...raftgram, 'dev', '--servers', '1', '--port', String(port), '--data', directory]
  const program = new Program(t, dev)
  const group = () => readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && groupOf(pid) === program.pid)
  // The server is there, and has read nothing of its program yet.
  await until(t, 'a server is started', () => group().length > 1)
  process.kill(-program.pid, 'SIGTERM')
  t.match(await program.ended, { status: 0, stdout: '', stderr: '' })
  t.strictSame(group(), [])
})

void t.test('regression_an_address_to_listen_on_is_named_by_its_option', async t => {
  const serve = ['serve', '--id', '1', '--cluster', '1=127.0.0.1:7401', '--data', 'none', '--listen', 'foo']
  t.match(await run(t, [...raftgram, ...serve]), {
    status: 2,
    stderr: "raftgram: --listen must be HOST:PORT, as in 0.0.0.0:7401, not 'foo'\n",
  })
})

void t.test('regression_a_signal_to_npm_start_ends_all_of_it', async t => {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const [port = 0] = await freePorts(1)
  const npm = new Program(t, ['npm', '--silent', '--prefix', root, 'start'], {
    RAFTGRAM_JSON: '1',
    RAFTGRAM_SERVERS: '1',
    RAFTGRAM_PORT: String(port),
    RAFTGRAM_DATA: await temporaryDirectory(t),
  })
  const { servers } = JSON.parse(await npm.line()) as { servers: DevServer[] }
  const areRunning = () => servers.filter(({ pid }) => isRunning(pid))
  // The shell between npm and dev ended, and nobody told dev. Without servers dev ends, too.
  t.teardown(() => areRunning().forEach(({ pid }) => process.kill(pid, 'SIGKILL')))
  npm.signal('SIGTERM')
  await until(t, 'the server ends with npm', () => areRunning().length === 0)
  t.equal((await npm.ended).status, 0)
})

async function until(t: Test, what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!isSo() && performance.now() < deadlineMs) await sleep(20)
  t.ok(isSo(), what)
}

function groupOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
  } catch {
    return 0
  }
}

/** A process that has ended but was not waited for, as orphans in a container without an init, does not run. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z'
  } catch {
    return false
  }
}
