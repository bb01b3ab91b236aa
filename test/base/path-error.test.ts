import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { whyPath } from '../../src/base/path-error.js'

void t.test('regression_a_path_that_cannot_be_used_was_told_in_the_words_of_node', t => {
  const folder = t.testdir({ file: '' })
  const why = (attempt: () => unknown): string => {
    try {
      attempt()
    } catch (error) {
      return whyPath(error)
    }
    return 'nothing'
  }
  t.equal(
    why(() => readFileSync(join(folder, 'none'))),
    'it does not exist',
  )
  t.equal(
    why(() => readFileSync(folder)),
    'it is a directory, not a file',
  )
  t.equal(
    why(() => openSync(join(folder, 'file/x'), 'w')),
    'a part of the path is a file, not a directory',
  )
  t.equal(
    why(() => mkdirSync(folder)),
    'file already exists',
    'the rest as the system says it, without the call',
  )
  t.equal(whyPath(new Error('a bad day')), 'a bad day')
  t.end()
})
