import fc from 'fast-check'
import t from 'tap'
import { decodeKey, decodeValue, encodeKey, encodePrefix, encodeValue, typeName } from '../../src/client/values.js'

const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value))

void t.test('any plain data comes back as it was', t => {
  const plain = fc.jsonValue({ noUnicodeString: false }).filter(value => !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(plain, value => {
      // JSON has no -0 either.
      const expected: unknown = JSON.parse(JSON.stringify(value))
      t.strictSame(roundTrip(value), expected)
    }),
    { numRuns: 300, seed: 7 },
  )
  t.end()
})

void t.test('whole numbers are exact up to 2^53, bigints at any size', t => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), n => roundTrip(n) === n),
    { seed: 7 },
  )
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }), n => roundTrip(n) === n),
    { seed: 7 },
  )
  t.equal(roundTrip(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
  t.equal(roundTrip(1e308 * 10), Infinity)
  t.equal(roundTrip(0.1), 0.1)
  t.end()
})

void t.test('bytes are kept as bytes, strings as text, the rest as msgpack', t => {
  t.equal(typeName(encodeValue(new Uint8Array([1, 2])).type), 'bytes')
  t.equal(typeName(encodeValue('a').type), 'text')
  t.equal(typeName(encodeValue(7).type), 'msgpack')
  t.strictSame(roundTrip(new Uint8Array([0, 255])), new Uint8Array([0, 255]))
  t.strictSame(roundTrip({ inside: new Uint8Array([1]) }), { inside: new Uint8Array([1]) })
  t.equal(roundTrip('\ufeffa\u0000\u{1f600}'), '\ufeffa\u0000\u{1f600}', 'also a byte order mark')
  t.equal(roundTrip(''), '')
  t.equal(roundTrip(null), null)
  t.equal((roundTrip(new Date(5)) as Date).getTime(), 5)
  t.end()
})

void t.test('what cannot be carried is refused, in one line', t => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  let deep: unknown = 0
  for (let i = 0; i < 100_000; i++) deep = [deep]
  for (const value of [undefined, () => 1, Symbol('s'), cyclic, deep, { s: Symbol('s') }, 'half \ud800']) {
    t.throws(() => encodeValue(value), { code: 'usage', message: /^[^\n]+$/ })
  }
  t.throws(() => encodeValue('x'.repeat(1_048_577)), { code: 'value-too-large', message: /1048577.*1048576/ })
  t.throws(() => encodeValue(new Uint8Array(1_048_577)), { code: 'value-too-large' })
  t.equal(encodeValue('x'.repeat(1_048_576)).bytes.byteLength, 1_048_576)
  t.end()
})

void t.test('Z06: no refusal shows anything of a key or a value', t => {
  const secret = 'hunter2'
  const long = secret.repeat(200_000)
  const bytesOf = (text: string) => new TextEncoder().encode(text)
  const refused: (() => unknown)[] = [
    () => encodeKey(long),
    () => encodeKey(`${secret}\ud800`),
    () => encodeKey([secret] as unknown as string),
    () => encodePrefix({ secret } as unknown as string),
    () => encodeValue(long),
    () => encodeValue(bytesOf(long)),
    () => encodeValue({ [secret]: long }),
    () => encodeValue(`${secret}\udc00`),
    () => encodeValue({ [secret]: () => secret }),
    () => encodeValue({ [secret]: Symbol(secret) }),
    () => decodeValue({ type: 1, bytes: new Uint8Array([...bytesOf(secret), 0xff]) }),
    () => decodeValue({ type: 2, bytes: new Uint8Array([0xdc, 0, 9, 0xa7, ...bytesOf(secret)]) }),
  ]
  for (const [place, refuse] of refused.entries()) {
    try {
      refuse()
      t.fail(`${place} is refused`)
    } catch (error) {
      t.notMatch((error as Error).message, secret, (error as Error).message)
    }
  }
  t.end()
})

void t.test('bytes that are not what their type says are refused', t => {
  t.throws(() => decodeValue({ type: 1, bytes: new Uint8Array([0xff]) }), { code: 'usage' })
  t.throws(() => decodeValue({ type: 2, bytes: new Uint8Array([0xdd, 255, 255, 255, 255]) }), { code: 'usage' })
  t.throws(() => decodeValue({ type: 2, bytes: new Uint8Array(0) }), { code: 'usage' })
  t.end()
})

void t.test('B10: what JSON can say that a value cannot keep has a defined end', t => {
  t.strictSame(decodeValue(encodeValue(JSON.parse('{"a":1,"a":2}'))), { a: 2 }, 'the last of two names, as JSON has it')
  t.strictSame(decodeValue(encodeValue(JSON.parse('[1e400,-0]'))), [Infinity, 0], 'as the docstring says')
  const kept = (value: unknown) => Object.is((decodeValue(encodeValue(value)) as ArrayLike<number>)[0], -0)
  t.strictSame([kept([-0]), kept(new Float64Array([-0]))], [false, true], 'as the docstring of put says')
  for (const nested of [0x91, 0x81]) {
    const bytes = new Uint8Array(1_048_576).fill(nested)
    t.throws(() => decodeValue({ type: 2, bytes }), { code: 'usage' }, 'deeper than a stack')
  }
  t.throws(() => encodeValue(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)), { code: 'usage' })
  t.end()
})

void t.test('B05: keys are UTF-8 or bytes, never empty, up to 1,024 bytes', t => {
  t.strictSame(encodeKey('é'), new Uint8Array([0xc3, 0xa9]))
  t.equal(decodeKey(encodeKey('\ufeffé')), '\ufeffé')
  t.strictSame(decodeKey(new Uint8Array([0xff])), new Uint8Array([0xff]))
  t.throws(() => encodeKey(''), { code: 'usage' })
  t.throws(() => encodeKey('\udc00'), { code: 'usage' })
  t.throws(() => encodeKey(7 as unknown as string), { code: 'usage' })
  t.throws(() => encodeKey('é'.repeat(513)), { code: 'key-too-large', message: /1026.*1024/ })
  t.equal(encodeKey('x'.repeat(1_024)).byteLength, 1_024)
  t.equal(encodePrefix('').byteLength, 0)
  t.end()
})
