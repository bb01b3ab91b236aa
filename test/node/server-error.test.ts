import t from 'tap'
import { ServerError } from '../../src/node/server-error.js'
import type { StorageErrorCode } from '../../src/storage/storage-error.js'
import { StorageError } from '../../src/storage/storage-error.js'

void t.test('what storage refuses has a code that says whose mistake it is', t => {
  const codes: Record<StorageErrorCode, string> = {
    locked: 'usage',
    'other-server': 'usage',
    'other-version': 'usage',
    'other-cluster': 'usage',
    'no-directory': 'usage',
    corrupt: 'corrupt',
    io: 'io',
    'no-space': 'io',
  }
  for (const [code, becomes] of Object.entries(codes)) {
    const error = ServerError.ofStorage(new StorageError(code as StorageErrorCode, `because ${code}`))
    t.equal(error.code, becomes)
    t.equal(error.message, `because ${code}`)
    t.ok(error instanceof Error)
  }
  t.end()
})
