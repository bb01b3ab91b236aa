import t from 'tap'
import { unknownOption } from '../../src/base/unknown-option.js'

void t.test('an unknown name is told with the nearest, or with all that there are', t => {
  const known = ['timeoutMs', 'signal']
  t.equal(unknownOption({}, known, 'options'), null)
  t.equal(unknownOption({ signal: 1, timeoutMs: 2 }, known, 'options'), null)
  t.equal(unknownOption({ timeoutMS: 1 }, known, 'options'), 'options have no "timeoutMS": did you mean timeoutMs?')
  t.equal(unknownOption({ retries: 1 }, known, 'options'), 'options have no "retries": they are timeoutMs, signal')
  t.equal(unknownOption({ 'a\nb': 1 }, known, 'options')?.includes('\n'), false, 'one line')
  t.end()
})
