import t from 'tap'
import { editDistance, suggestion } from '../../src/base/suggestion.js'

void t.test('the nearest of what is known', t => {
  t.equal(suggestion('pt', ['put', 'get']), ': did you mean put?')
  t.equal(suggestion('endpoint', ['endpoints', 'help'], '--'), ': did you mean --endpoints?')
  t.equal(suggestion('time', ['timeout-ms', 'limit'], '--'), ': did you mean --timeout-ms?')
  t.equal(suggestion('frobnicate', ['put', 'get']), '')
  t.equal(editDistance('stauts', 'status'), 1)
  t.equal(editDistance('', 'abc'), 3)
  t.end()
})
