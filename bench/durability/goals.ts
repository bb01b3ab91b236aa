/** The figures beside what they have to be. */
import { bytesText, millisecondsText, percentText } from '../../bin/units.js'
import { segmentBytes } from '../../src/node/server-options.js'
import { sparesMax } from '../../src/storage/segments.js'
import type { DiskUse, Restart, Taking, Transfer } from './phases.js'

export type PhaseName = 'log' | 'snapshot' | 'transfer' | 'taking' | 'disk'

/** What was measured so far. */
export interface Measured {
  log?: Restart
  snapshot?: Restart
  transfer?: Transfer
  taking?: Taking
  disk?: DiskUse
}

export interface Row {
  readonly figure: string
  readonly measured: string
  readonly goal: string
  readonly isMet: boolean
}

const restartMsMax = 3_000
const transferMsMax = 5_000
const shareOfRateMin = 0.7
const pauseMsMax = 20
const memoryGrowthMax = 0.3
const timesTheEntryMax = 1.3

/** One is in use, one is prepared, what is kept for followers fills one more, and others wait to be used again. */
const segmentsBeside = 3 + sparesMax

/** One row per figure of what was measured. */
export function rowsOf({ log, snapshot, transfer, taking, disk }: Measured): Row[] {
  return [
    ...(log === undefined ? [] : [restartRow('restart with a log', log)]),
    ...(snapshot === undefined ? [] : [restartRow('restart from a snapshot', snapshot)]),
    ...(transfer === undefined ? [] : transferRows(transfer)),
    ...(taking === undefined ? [] : takingRows(taking)),
    ...(disk === undefined ? [] : diskRows(disk, taking)),
  ]
}

function restartRow(figure: string, { appliedMs, listensMs, cpuMs }: Restart): Row {
  const aside = `listens after ${millisecondsText(listensMs)}, CPU ${millisecondsText(cpuMs)}`
  return {
    figure: `${figure} (${aside})`,
    measured: millisecondsText(appliedMs),
    goal: `< ${millisecondsText(restartMsMax)}`,
    isMet: appliedMs < restartMsMax,
  }
}

function transferRows({ transferMs, putsPerSecBefore, putsPerSecMeanwhile, putsPerSecAfter }: Transfer): Row[] {
  // The third server costs something also when it has everything: that is no price of the transfer.
  const shareOfRate = putsPerSecMeanwhile / putsPerSecAfter
  const aside = `of what all three do; ${percentText(putsPerSecMeanwhile / putsPerSecBefore)} of what two did before`
  return [
    {
      figure: 'an empty follower has the snapshot',
      measured: millisecondsText(transferMs),
      goal: `< ${millisecondsText(transferMsMax)}`,
      isMet: transferMs < transferMsMax,
    },
    {
      figure: `rate of puts meanwhile (${aside})`,
      measured: percentText(shareOfRate),
      goal: `>= ${percentText(shareOfRateMin)}`,
      isMet: shareOfRate >= shareOfRateMin,
    },
  ]
}

function takingRows({ before, meanwhile, takingMs, memoryGrowth }: Taking): Row[] {
  const more = meanwhile.pauseMs - before.pauseMs
  const aside = `${millisecondsText(meanwhile.pauseMs)}, ${millisecondsText(before.pauseMs)} without`
  return [
    {
      figure: `longest pause because of taking a snapshot (${aside}, it takes ${millisecondsText(takingMs)})`,
      measured: more <= 0 ? '0 ms' : millisecondsText(more),
      goal: `< ${millisecondsText(pauseMsMax)}`,
      isMet: more < pauseMsMax,
    },
    {
      figure: 'memory meanwhile',
      measured: `+ ${percentText(Math.max(0, memoryGrowth))}`,
      goal: `<= + ${percentText(memoryGrowthMax)}`,
      isMet: memoryGrowth <= memoryGrowthMax,
    },
  ]
}

function diskRows(disk: DiskUse, taking: Taking | undefined): Row[] {
  const { timesTheEntry, recycled, bytesPerPut, logBytesMax, snapshotEveryBytes } = disk
  const fresh = taking === undefined ? '' : `; ${Math.round(taking.freshBytesPerPut)} where all are fresh`
  // What comes until a snapshot falls due, the quarter that is kept, and as much again while the snapshot is taken: of a
  // million keys that takes two seconds.
  const bytesMax = snapshotEveryBytes * 2.25 + segmentsBeside * segmentBytes
  return [
    {
      figure: `disk bytes of a put (${Math.round(bytesPerPut)}, ${recycled} segments recycled${fresh})`,
      measured: `${timesTheEntry.toFixed(2)} entries`,
      goal: `<= ${timesTheEntryMax} entries`,
      isMet: timesTheEntry <= timesTheEntryMax,
    },
    {
      figure: 'log on disk under endless load',
      measured: bytesText(logBytesMax),
      goal: `<= ${bytesText(bytesMax)}`,
      isMet: logBytesMax <= bytesMax,
    },
  ]
}
