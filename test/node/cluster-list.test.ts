import t from 'tap'
import { clusterIdOf, parseClusterList } from '../../src/node/cluster-list.js'

void t.test('a cluster list is read into members in the order of their ids', t => {
  const list = parseClusterList('3=[::1]:7403,1=127.0.0.1:7401,2=host-b:7402')
  t.strictSame(list.members, [
    { id: 1, address: '127.0.0.1:7401' },
    { id: 2, address: 'host-b:7402' },
    { id: 3, address: '[::1]:7403' },
  ])
  t.equal(list.text, '1=127.0.0.1:7401,2=host-b:7402,3=[::1]:7403')
  t.equal(list.warning, null)
  t.equal(parseClusterList('65535=a:65535').members[0]?.id, 65_535)
  t.end()
})

void t.test('Z07: what is malformed or ambiguous is refused in one line that says how to mend it', t => {
  const cases: [text: string, says: RegExp][] = [
    ['', /'' in the cluster list is not ID=HOST:PORT/],
    ['1=a:1,', /'' in the cluster list is not ID=HOST:PORT/],
    ['127.0.0.1:7401', /is not ID=HOST:PORT/],
    ['01=a:1', /'01' in the cluster list is not a server id/],
    ['1e3=a:1', /'1e3' in the cluster list is not a server id/],
    ['../x=a:1', /'\.\.\/x' in the cluster list is not a server id/],
    ['1.0=a:1', /'1\.0' in the cluster list is not a server id/],
    ['0x1=a:1', /'0x1' in the cluster list is not a server id/],
    ['__proto__=a:1', /'__proto__' in the cluster list is not a server id/],
    ['\u0661=a:1', /is not a server id/],
    ['0=a:1', /'0' in the cluster list is not a server id/],
    ['-1=a:1', /'-1' in the cluster list is not a server id/],
    [' 1=a:1', /' 1' in the cluster list is not a server id/],
    ['65536=a:1', /whole number from 1 to 65535/],
    ['1=a', /'a' of server 1 in the cluster list is not HOST:PORT/],
    ['1=a:0', /'a:0' of server 1 in the cluster list is not HOST:PORT/],
    ['1=a:65536', /is not HOST:PORT/],
    ['1=::1:7401', /is not HOST:PORT/],
    ['1=a:1,1=b:1', /names server 1 twice/],
    ['1=a:1,2=A:1', /servers 1 and 2 the same address A:1/],
    ['1=[::1]:1,2=[0:0::1]:1', /servers 1 and 2 the same address/],
    ['1=a:1,2=a:2,3=a:3,4=a:4,5=a:5,6=a:6,7=a:7,8=a:8', /has 8 servers, the limit is 7/],
  ]
  for (const [text, says] of cases) {
    t.throws(() => parseClusterList(text), { code: 'usage', message: says }, text)
  }
  t.end()
})

void t.test('an even size is allowed, and explained', t => {
  t.match(parseClusterList('1=a:1,2=a:2,3=a:3,4=a:4').warning, /survives the loss of 1, no more than one of 3 does/)
  t.match(parseClusterList('1=a:1,2=a:2').warning, /survives the loss of 0/)
  t.end()
})

void t.test('the cluster id depends on the servers, not on how they were typed', t => {
  const id = clusterIdOf(parseClusterList('2=b:1,1=a:1').text)
  t.equal(id, clusterIdOf(parseClusterList('1=a:1,2=b:1').text))
  t.not(id, clusterIdOf(parseClusterList('1=a:1,2=b:2').text))
  t.ok(Number.isSafeInteger(id) && id > 0)
  t.end()
})
