/** The client commands against a real cluster: what they print, what they end with, and that words are taken as typed. */
import t from 'tap'
import { raftgram, run } from '../process/program.js'
import { startDev } from './dev-cluster.js'

const commandLine = raftgram.join(' ')

void t.test('the client commands', async t => {
  const { environment, servers } = await startDev(t)
  const typed = (...words: string[]) => run(t, [...raftgram, ...words], environment)
  const shell = (script: string) => run(t, ['sh', '-c', script], environment)
  const json = async (...words: string[]) => {
    const { status, stdout } = await typed(...words, '--json')
    return { status, ...(JSON.parse(stdout) as object) }
  }

  await t.test('keys and values are kept as they were typed', async t => {
    const pairs = [
      ['007', '1e3'],
      ['1e3', '-1'],
      ['-k', ''],
      ['ключ', ' "quoted"\n'],
    ] as const
    const written = await Promise.all(pairs.map(([key, value]) => typed('put', key, value)))
    for (const { status, stdout } of written)
      t.match({ status, stdout }, { status: 0, stdout: /^written, revision \d+\n$/ })
    t.equal((await typed('put', '--', '--flag', '--value')).status, 0)
    const read = await Promise.all([...pairs.map(([key]) => typed('get', key)), typed('get', '--', '--flag')])
    const values = [...pairs.map(([, value]) => value), '--value']
    t.strictSame(
      read.map(({ status, stdout }) => ({ status, stdout })),
      values.map(stdout => ({ status: 0, stdout })),
    )
    t.match(await json('get', '1e3'), { status: 0, ok: true, key: '1e3', type: 'text', value: '-1', revision: Number })
  })

  await t.test('stdin and stdout carry bytes', async t => {
    const [written, tooLarge, dash] = await Promise.all([
      shell(`printf '\\000\\377\\n' | ${commandLine} put bytes -`),
      shell(`head -c 1048577 /dev/zero | ${commandLine} put large -`),
      typed('put', 'dash', '--', '-'),
    ])
    t.equal(written.status, 0)
    t.match(tooLarge, { status: 2, stderr: /more than 1048576 bytes, which is the limit/ })
    t.equal(dash.status, 0)
    const [asJson, asBytes, dashRead] = await Promise.all([
      json('get', 'bytes'),
      shell(`${commandLine} get bytes | od -An -tx1`),
      typed('get', 'dash'),
    ])
    t.match(asJson, { ok: true, type: 'bytes', valueBase64: 'AP8K' })
    t.equal(asBytes.stdout.trim(), '00 ff 0a')
    t.equal(dashRead.stdout, '-')
  })

  await t.test('regression_stdin_that_cannot_be_read_writes_nothing', async t => {
    const [directory, closed, writeOnly] = await Promise.all([
      shell(`${commandLine} put unread - </tmp`),
      shell(`${commandLine} put unread - <&-`),
      shell(`${commandLine} put unread - 0>/dev/null`),
    ])
    for (const ended of [directory, closed, writeOnly]) {
      t.match(ended, { status: 2, stdout: '', stderr: /^raftgram: cannot read the value from stdin: [^\n]*\n$/ })
    }
    t.match(await typed('get', 'unread'), { status: 1 })
  })

  await t.test('regression_stdout_that_is_full_is_told', async t => {
    const full = await shell(`${commandLine} put full yes >/dev/full`)
    t.match(full, { status: 3, stderr: 'raftgram: cannot write to stdout: no space left on device\n' })
    t.equal((await typed('get', 'full')).stdout, 'yes')
  })

  await t.test('a definite no is status 1, a mistake 2, silence 3', async t => {
    const [missing, deleted, mistaken, empty, long, silent, plain] = await Promise.all([
      json('get', 'nothing'),
      json('delete', 'nothing'),
      json('cas', '007', 'other', 'new'),
      json('put', '', 'value'),
      json('put', 'k'.repeat(1_025), 'value'),
      json('get', 'k', '--endpoints', '127.0.0.1:9', '--timeout-ms', '100'),
      typed('get', 'nothing'),
    ])
    t.match(missing, { status: 1, ok: false, error: 'not-found', key: 'nothing' })
    t.match(deleted, { status: 1, ok: false, error: 'not-found' })
    t.match(mistaken, { status: 1, ok: false, error: 'mismatch', revision: Number })
    t.match(empty, { status: 2, ok: false, error: 'usage' })
    t.match(long, { status: 2, ok: false, error: 'key-too-large' })
    t.match(silent, { status: 3, ok: false, error: 'unavailable' })
    t.match(plain, { status: 1, stdout: '', stderr: 'raftgram: not found: nothing\n' })
  })

  await t.test('compare and set, delete', async t => {
    t.match(await json('cas', 'lock', 'mine', '--absent'), { status: 0, ok: true })
    t.match(await json('cas', 'lock', 'mine', '--absent'), { status: 1, error: 'mismatch' })
    t.match(await json('cas', 'lock', 'mine', 'yours'), { status: 0, ok: true, value: 'yours' })
    t.match(await json('delete', 'lock'), { status: 0, ok: true, key: 'lock' })
  })

  await t.test('scan lists in order, and a reader that goes away is no error', async t => {
    await Promise.all([typed('put', 'list/b', '2'), typed('put', 'list/a', '1')])
    const [listed, asJson, limited, piped] = await Promise.all([
      typed('scan', 'list/'),
      typed('scan', 'list/', '--json'),
      typed('scan', 'list/', '--limit', '1'),
      shell(`{ ${commandLine} scan; echo "status $?" >&2; } | true`),
    ])
    t.equal(listed.stdout, 'list/a = "1"\nlist/b = "2"\n')
    t.match(JSON.parse(asJson.stdout.split('\n')[0]!), { key: 'list/a', value: '1' })
    t.equal(limited.stdout, 'list/a = "1"\n')
    t.equal(piped.stderr, 'status 0\n')
  })

  await t.test('status names every server, and the leader', async t => {
    const [{ status, stdout }, table] = await Promise.all([typed('status', '--json'), typed('status')])
    const reports = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { id: number; address: string; role: string; commitIndex: number })
    t.equal(status, 0)
    t.strictSame(
      reports.map(({ id, address }) => ({ id, address })),
      servers.map(({ id, address }) => ({ id, address })),
    )
    t.match(reports, Array(3).fill({ role: String, term: Number, leaderId: Number, commitIndex: Number }))
    t.equal(reports.filter(({ role }) => role === 'leader').length, 1)
    // regression_the_table_called_a_sound_disk_ok
    t.match(table.stdout, /( sound\n[^\n]*){3}$/)
    t.match(table.stdout, /^id {2}address .*\n1 {3}127\.0\.0\.1:\d+ .*\n2 .*\n3 .*\n$/)
  })

  await t.test('status --links has a line for each server and each peer that it has to do with', async t => {
    const [{ status, stdout }, { stdout: asJson }] = await Promise.all([
      typed('status', '--links'),
      typed('status', '--links', '--json'),
    ])
    t.equal(status, 0)
    const [table = '', links = ''] = stdout.split('\n\n')
    t.match(table, /^id .* append rtt .*\n/, 'not to be taken for that of a link, which waits for no disk')
    const [headings = '', ...lines] = links.trimEnd().split('\n')
    t.match(headings, /^link +link rtt p50 +p99 +sent +loss +repeated +heard +window +in flight +waiting +datagram$/)
    const reports = asJson
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { id: number; role: string })
    const leaderId = reports.find(({ role }) => role === 'leader')?.id ?? 0
    const others = servers.map(({ id }) => id).filter(id => id !== leaderId)
    for (const link of others.flatMap(id => [`${leaderId} -> ${id} `, `${id} -> ${leaderId} `])) {
      const line = lines.find(one => one.startsWith(link)) ?? ''
      t.match(line, /^\d -> \d +[\d.]+ ms +[\d.]+ ms +\d+ +[\d.]+ % +\d+ +[\d.]+ m?s +\d/, `${link}has figures`)
    }
    t.ok(lines.every(line => line.endsWith('  32 KiB') && line.length <= 100))
    const link = {
      lossShare: Number,
      roundTripP99Ms: Number,
      repeatedMessages: Number,
      drops: Object,
      waitingBytesMax: Number,
    }
    t.match(
      reports,
      Array(3).fill({ peers: [{ link }, { link }], requests: { repeats: Number }, queues: { sessions: Object } }),
    )
  })
})
