/** The log of a stopped server: what it is known of that is committed. */
import t from 'tap'
import { freePorts, loopback } from '../../bin/local-cluster.js'
import { committedIndex } from '../../bin/offline-state.js'
import { inspectDirectory } from '../../bin/data-directory.js'
import { raftgram, run } from '../process/program.js'
import { Cluster } from '../process/rig.js'

void t.test('regression_acknowledged_entries_of_the_only_voter_were_called_tentative', async t => {
  const addresses = (await freePorts(1)).map(port => `${loopback}:${port}`)
  const cluster = await Cluster.start(t, { addresses })
  t.equal((await cluster.run('put', 'a', '1')).status, 0)
  await cluster.killAll()
  const directory = cluster.dataOf(1)
  const log = await run(t, [...raftgram, 'log', '--data', directory])
  t.match(log, { status: 0, stdout: /known to be committed and applied up to \d+\n/ })
  t.match(log.stdout, /put a = "1" +committed +"1" @2\n/)
  t.notMatch(log.stdout, /tentative/)
  const { entries, identity, ...inspection } = await inspectDirectory(directory)
  t.match(
    (await run(t, [...raftgram, 'verify', '--data', directory, '--json'])).stdout,
    `"commitIndex":${entries.lastIndex},`,
  )

  const ofThree = { ...identity!, foundingCluster: '1=a:1,2=a:2,3=a:3' }
  const known = committedIndex({ ...inspection, entries, identity: ofThree })
  t.equal(known, inspection.commitIndex, 'of three, what the log says')
  t.ok(known < entries.lastIndex)
})
