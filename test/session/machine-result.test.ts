import t from 'tap'
import { machineResult } from '../../src/session/machine-result.js'

void t.test('bytes pass as they are, up to the limit', t => {
  const bytes = new Uint8Array(10)
  t.equal(machineResult(bytes, 'apply', 10), bytes)
  t.equal(machineResult(Buffer.from('abc'), 'apply', 10).length, 3)
  t.end()
})

void t.test('regression_what_is_not_bytes_passed_for_a_result: a promise, a string, a number, nothing, too much', t => {
  for (const [given, shown] of [
    [Promise.resolve(new Uint8Array(1)), 'a Promise'],
    ['abc', 'a string'],
    [7, '7'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ length: 3 }, 'a Object'],
    [new Uint8Array(11), '11 bytes'],
  ] as const) {
    t.throws(
      () => machineResult(given as Uint8Array, 'query', 10),
      new RegExp(`^query of the state machine gave ${shown}: it must return a Uint8Array of at most 10 bytes`),
      shown,
    )
  }
  t.end()
})
