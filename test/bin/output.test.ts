import t from 'tap'
import { readableLine } from '../../bin/log-lines.js'
import { quoted, shellQuoted } from '../../bin/output.js'
import { table } from '../../bin/table.js'
import { decodedValueFields, keyForPeople, valueFields, valueForPeople } from '../../bin/value-output.js'
import { encodeValue } from '../../src/client/values.js'

void t.test('a table has headings, aligned columns and no lines', t => {
  const drawn = table(
    ['id', 'name'],
    [
      ['1', 'a'],
      ['10', ''],
    ],
    ['id'],
  )
  t.equal(drawn, 'id  name\n 1  a\n10')
  t.end()
})

void t.test('text on one line', t => {
  t.equal(quoted('a\n"b"'), '"a\\n\\"b\\""')
  t.equal(quoted('abcdef', 3), '"abc"…')
  t.equal(quoted('ab\u{1f511}', 3), '"ab"…', 'a pair of surrogates is not cut in two')
  t.equal(keyForPeople('a/b-c.1'), 'a/b-c.1')
  t.equal(keyForPeople('a b'), '"a b"')
  t.equal(keyForPeople(Uint8Array.of(255)), '0xff')
  t.end()
})

void t.test('a word for the shell', t => {
  t.equal(shellQuoted('--id'), '--id')
  t.equal(shellQuoted('1=a:1,2=b:2'), '1=a:1,2=b:2')
  t.equal(shellQuoted("it's $HOME"), `'it'\\''s $HOME'`)
  t.equal(shellQuoted(''), "''")
  t.end()
})

void t.test('values as JSON: what JSON cannot carry is base64 of the stored bytes', t => {
  const fields = (value: unknown) => {
    const { type, bytes } = encodeValue(value)
    return valueFields(type === 0 ? 'bytes' : type === 1 ? 'text' : 'msgpack', bytes)
  }
  t.strictSame(fields('007'), { type: 'text', value: '007' })
  t.strictSame(fields({ a: [1, null, true] }), { type: 'msgpack', value: { a: [1, null, true] } })
  t.strictSame(fields(Uint8Array.of(1, 2)), { type: 'bytes', valueBase64: 'AQI=' })
  t.match(fields(new Set([1])), { type: 'msgpack', valueBase64: String })
  t.match(fields(NaN), { type: 'msgpack', valueBase64: String })
  t.match(fields({ deep: 1n << 70n }), { type: 'msgpack', valueBase64: String })
  t.strictSame(decodedValueFields('msgpack', [1]), { type: 'msgpack', value: [1] })
  t.strictSame(decodedValueFields('bytes', Uint8Array.of(1, 2)), { type: 'bytes', valueBase64: 'AQI=' })
  t.strictSame(
    valueFields('msgpack', Uint8Array.of(0xc1)),
    { type: 'msgpack', valueBase64: 'wQ==' },
    'not what it says',
  )
  t.equal(valueForPeople('bytes', Uint8Array.of(1, 2, 3), 6), '0x0102…')
  t.equal(valueForPeople('text', new TextEncoder().encode('v'), 6), '"v"')
  t.end()
})

void t.test('a line of the log for a terminal', t => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime()
  const line = `${JSON.stringify({ level: 30, time, server: 2, msg: 'leads term 3' })}\n`
  t.equal(readableLine(line), '03:04:05 INFO  [2] leads term 3\n')
  t.equal(readableLine('not json\n'), 'not json\n')
  t.equal(readableLine('{"a":1}\n'), '{"a":1}\n')
  t.end()
})
