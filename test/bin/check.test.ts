import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkCommand } from '../../bin/check.js'
import { Output } from '../../bin/output.js'
import { lastRead, linesOf, simulate } from '../sim/linearizability/simulated-store.js'

/** Keeps what the command says. */
class Kept extends Output {
  object: object = {}
  text = ''

  override result(object: object, text = ''): void {
    this.object = object
    this.text = text
  }

  override failure(code: string, message: string, fields: object = {}): void {
    this.object = { error: code, ...fields }
    this.text = message
  }
}

void t.test('check', async t => {
  const history = simulate({ seed: 6, operations: 500, keys: 1 })
  const spoilt = [...history, lastRead(history, 'k0', 'from nowhere')]
  const folder = t.testdir({
    good: linesOf(history).join('\n'),
    bad: `# a workload\n\n${linesOf(spoilt).join('\n')}\n`,
    malformed: '{"client":1}\n',
    empty: '',
  })
  const check = async (name: string, timeoutS = 60) => {
    const output = new Kept(true)
    const words = [{ text: join(folder, name), isLiteral: false }]
    const status = await checkCommand.run(words, { json: true, timeoutS }, new Map(), output)
    return { status, object: output.object, text: output.text }
  }

  t.match(await check('good'), { status: 0, object: { ok: true, verdict: 'linearizable', operations: 500, keys: 1 } })
  t.match(await check('empty'), { status: 3, object: { error: 'undecided' }, text: /holds no operations/ })
  t.match(await check('bad'), {
    status: 1,
    object: {
      ok: false,
      error: 'not-linearizable',
      key: 'k0',
      operation: { line: 503 },
      reason: /"from nowhere", which nobody ever wrote/,
    },
    text: /key "k0": the first impossible answer is\n {2}line 503, client fresh, get: "from nowhere"/,
  })
  t.match(await check('good', 1e-9), { status: 3, object: { error: 'undecided', undecidedKeys: ['k0'] } })
  await t.rejects(check('malformed'), { code: 'usage', message: /malformed: line 1: "op"/ })
  const none = /none: cannot be read: it does not exist: name a file that workload --history has written$/
  await t.rejects(check('none'), { code: 'usage', message: none })
  await t.rejects(check('.'), { code: 'usage', message: /cannot be read: it is a directory, not a file: / })

  const exact = { client: 1, op: 'put', key: 'a', value: 1, start: '9007199254740993', status: 'unknown' }
  const read = { ...exact, op: 'get', output: 2, end: '9007199254740999', status: 'ok' }
  writeFileSync(join(folder, 'exact'), `${JSON.stringify(exact)}\n${JSON.stringify(read)}`)
  t.match(await check('exact'), { status: 1, text: /9007199254740993 +9007199254740999/ })
})
