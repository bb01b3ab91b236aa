import t from 'tap'
import { checkIdentity } from '../../src/node/identity-check.js'

const list = '1=a:1,2=b:2'
const identity = { serverId: 1, clusterId: 5, clusterName: 'orchard', foundingCluster: list, incarnation: 7 }

void t.test('a directory of this cluster is taken, its name need not be given', t => {
  t.doesNotThrow(() => checkIdentity(identity, undefined, list))
  t.doesNotThrow(() => checkIdentity(identity, 'orchard', list))
  t.end()
})

void t.test('a difference is named, and what was founded', t => {
  const refusal = { name: 'ServerError', code: 'usage' }
  t.throws(() => checkIdentity(identity, 'meadow', list), {
    ...refusal,
    message:
      '--cluster-name is meadow, but this data directory was founded with the name orchard: use that, or another directory',
  })
  t.throws(() => checkIdentity({ ...identity, clusterName: '' }, 'meadow', list), {
    ...refusal,
    message: /founded with no name/,
  })
  t.throws(() => checkIdentity(identity, undefined, '1=a:1,2=c:2'), {
    ...refusal,
    message:
      '--cluster is 1=a:1,2=c:2, but this data directory was founded with 1=a:1,2=b:2: use that, or another directory',
  })
  t.end()
})
