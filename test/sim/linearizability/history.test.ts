import t from 'tap'
import { HistoryError, parseHistory } from '../../../src/sim/linearizability/history.js'
import { linesOf, simulate } from './simulated-store.js'

const good = { client: 3, op: 'put', key: 'a', value: '3-17', start: 1_200_345, end: 1_201_999, status: 'ok' }

const lineWith = (fields: object) => JSON.stringify({ ...good, ...fields })

void t.test('a line becomes an operation', t => {
  t.match(parseHistory([JSON.stringify(good)]), [{ ...good, line: 1, prev: undefined, output: undefined }])
  t.match(parseHistory(['', '# comment', '  ', `${lineWith({ prev: null })}\r`]), [{ line: 4, prev: null }])
  t.match(parseHistory([lineWith({ status: 'unknown', end: 'never mind' })]), [{ status: 'unknown', end: undefined }])
  t.same(parseHistory([]), [])
  t.end()
})

void t.test('instants keep their order above 2^53', t => {
  const [operation] = parseHistory([lineWith({ start: '9007199254740993', end: '9007199254740994' })])
  t.equal(operation?.start, 9007199254740993n)
  t.equal(operation?.end, 9007199254740994n)
  t.equal(parseHistory([lineWith({ start: '17' })])[0]?.start, 17)
  t.end()
})

void t.test('what a simulated store writes is read back as it was', t => {
  const history = simulate({
    seed: 2,
    kinds: ['get', 'put', 'cas', 'delete', 'append'],
    valueCount: Infinity,
    operations: 50,
  })
  t.same(parseHistory(linesOf(history)), history)
  t.end()
})

const refused: [what: string, line: string, message: RegExp][] = [
  ['no JSON', '{"client":1', /not JSON/],
  ['no object', '[1]', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['no client', lineWith({ client: null }), /"client"/],
  ['unknown operation', lineWith({ op: 'scan' }), /"op" must be one of get, put/],
  ['inherited name as operation', lineWith({ op: 'toString' }), /"op"/],
  ['key that is no string', lineWith({ key: 7 }), /"key"/],
  ['unknown status', lineWith({ status: 'maybe' }), /"status"/],
  ['no start', lineWith({ start: undefined }), /"start"/],
  ['ok without end', lineWith({ end: undefined }), /"end"/],
  ['fail without end', lineWith({ end: undefined, status: 'fail' }), /"end"/],
  ['end before start', lineWith({ end: 1 }), /before "start"/],
  ['instant that was rounded', lineWith({ end: 2 ** 60 }), /"end" must be a number up to 2\^53/],
  ['instant that is no number', lineWith({ start: '1.5e3' }), /"start"/],
  ['put of null', lineWith({ value: null }), /put must have a "value"/],
  ['get without output', lineWith({ op: 'get' }), /"output"/],
  ['cas without expected', lineWith({ op: 'cas', output: true }), /"expected"/],
  ['cas without output', lineWith({ op: 'cas', expected: null }), /"output"/],
  ['cas that swapped, with current', lineWith({ op: 'cas', expected: 1, output: true, current: 1 }), /"current"/],
  ['append of a number', lineWith({ op: 'append', value: 1 }), /append must have a string/],
  ['append with another output', lineWith({ op: 'append', output: true }), /"output" of an append/],
  ['delete with another output', lineWith({ op: 'delete', output: 'x' }), /"output" of a delete/],
  ['value that was rounded', lineWith({ value: { n: [2 ** 53 + 2] } }), /"value" holds a number above 2\^53/],
]

void t.test('regression_a_deep_or_endless_value_refuses_its_line: B10', t => {
  const put = (value: string) => JSON.stringify({ ...good, value: 'here' }).replace('"here"', value)
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  t.throws(() => parseHistory([put(nested(100_000))]), { name: 'HistoryError', message: /nested more than 1000 deep/ })
  t.throws(() => parseHistory([put('{"a":[1e400]}')]), { name: 'HistoryError', message: /not exact/ })
  t.equal(parseHistory([put(nested(1_000))]).length, 1)
  t.equal(parseHistory([put('-0')])[0]?.value, -0)
  t.match(parseHistory([put('1,"value":2')]), [{ value: 2 }], 'the last of two names, as JSON has it')
  t.throws(() => parseHistory([nested(100_000)]), { name: 'HistoryError', message: /not a JSON object/ })
  t.equal(parseHistory([`\ufeff${put('1')}`]).length, 1, 'a byte-order mark is blank')
  t.end()
})

void t.test('a malformed line refuses the file, and is named', t => {
  for (const [what, line, message] of refused) {
    try {
      parseHistory([JSON.stringify(good), line, 'not looked at'])
      t.fail(what)
    } catch (error) {
      t.type(error, HistoryError, what)
      t.match(error, { line: 2, message }, what)
    }
  }
  t.end()
})
