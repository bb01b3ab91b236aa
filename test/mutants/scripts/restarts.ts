/** A lone server starts again with a log that takes many turns to apply, while it is asked for reads. */
import { drawPlan } from '../../../src/sim/draw-plan.js'
import type { PlannedFault } from '../../../src/sim/plan.js'
import { runPlan } from '../../../src/sim/run.js'
import type { Script } from './script.js'

const plan = drawPlan(9, { servers: 1, durationMs: 2_800, calm: true })

const kills: PlannedFault[] = Array.from({ length: 2 }, (_, i) => ({
  kind: 'kill',
  atMs: 2_000 + 450 * i,
  forMs: 10,
  servers: [1],
  amount: 0,
  point: '',
}))

export const longReplay: Script = {
  name: 'a lone server starts with a long log',
  run: () => {
    const { invariant, message } = runPlan({
      ...plan,
      heartbeatMs: 30,
      electionTimeoutMs: 90,
      diskFromMs: 5,
      diskToMs: 25,
      segmentBytes: 65_536,
      snapshotEveryBytes: 1_000_000_000,
      uncommittedBytesMax: 1_000_000,
      unpersistedBytesMax: 1_000_000,
      load: {
        clients: 6,
        keys: 1,
        outstanding: 6,
        pauseMs: 3,
        valueBytes: 990,
        largeShare: 0,
        largeBytes: 2_000,
        timeoutMs: 2_000,
        putShare: 0.5,
        casShare: 0,
        deleteShare: 0,
      },
      faults: kills,
    })
    return { invariant, message }
  },
}

/** With a smaller load, whose log ends with a torn tail at each start. */
export const killedUnderLoad: Script = {
  name: 'a lone server is killed under load',
  run: () => {
    const { invariant, message } = runPlan({
      ...drawPlan(1, { servers: 1, durationMs: 2_800, calm: true }),
      heartbeatMs: 30,
      electionTimeoutMs: 90,
      diskFromMs: 5,
      diskToMs: 25,
      segmentBytes: 65_536,
      load: {
        clients: 4,
        keys: 1,
        outstanding: 3,
        pauseMs: 3,
        valueBytes: 600,
        largeShare: 0,
        largeBytes: 2_000,
        timeoutMs: 2_000,
        putShare: 0.7,
        casShare: 0,
        deleteShare: 0,
      },
      faults: kills,
    })
    return { invariant, message }
  },
}
