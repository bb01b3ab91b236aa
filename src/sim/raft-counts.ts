/** Counts for the table of what was exercised: what servers went through, as the invariants see it. */
import { decodeCommands } from '../../codec/commands.js'
import type { Entry } from '../raft/types.js'
import type { Tally } from './tally.js'
import type { SimCluster } from './cluster.js'
import { faultKinds } from './faults/faults.js'
import { crashPoints } from './crash-points.js'
import type { InvariantsWatch } from './invariants/invariants.js'

/** Lets the cluster's tally count what its servers do. A watch that was there is told as before. */
export function countRaft({ invariants, tally }: SimCluster): void {
  const requests = new Requests(tally)
  tally.expect('snapshot: taken', 'snapshot: received', 'snapshot: pieces sent', 'server: left behind')
  tally.expect('log: resets', 'log: segments set aside', 'log: segments used again')
  tally.expect(...faultKinds.map(({ name }) => `fault: ${name}`), ...crashPoints.map(point => `crash: ${point}`))
  const counts: InvariantsWatch = {
    roleChanged: ({ role }) => tally.add(`role: ${role.name}`),
    logChanged: ({ cut, role, entries, addedFrom }) => {
      if (cut > 0) {
        tally.add('log: truncations')
        tally.add('log: entries truncated', cut)
      }
      if (role.name !== 'leader') return
      for (const entry of entries.slice(addedFrom - 1)) if (entry !== undefined) requests.note(entry)
    },
    committed: () => undefined,
  }
  invariants.watch = counts
}

/** Requests as leaders bring them into the log: what comes twice must be executed once, by the sessions. */
class Requests {
  private readonly tally: Tally
  private readonly seen = new Set<string>()

  constructor(tally: Tally) {
    this.tally = tally
    tally.expect('log: requests repeated, executed once')
  }

  note(entry: Entry): void {
    if (entry.kind !== 'commands') return
    for (const command of decodeCommands(entry.payload) ?? []) {
      if (command.kind !== 'execute') continue
      const name = `${command.sessionId}#${command.sequence}`
      if (this.seen.has(name)) this.tally.add('log: requests repeated, executed once')
      this.seen.add(name)
    }
  }
}
