/** The rows of a comparison as a table for people. */
import { table } from '../../bin/table.js'
import type { Row } from './summary.js'

/** `compared` are the systems to which the rates of `subject` are set in relation. */
export function lossTable(rows: readonly Row[], subject: string): string {
  const isRepeated = rows.some(({ cells }) => cells > 1)
  const others = [...new Set(rows.map(({ system }) => system))].filter(system => system !== subject)
  const columns: readonly (readonly [heading: string, text: (row: Row) => string])[] = [
    ['loss', ({ lossPercent }) => `${lossPercent} %`],
    ['system', ({ system }) => system],
    ['puts/s', ({ opsPerSec }) => count(opsPerSec)],
    ...(isRepeated
      ? [['from..to', (row: Row) => `${count(row.slowestOpsPerSec)}..${count(row.fastestOpsPerSec)}`] as const]
      : []),
    ['of lossless', ({ shareOfLossless }) => optional(shareOfLossless, share => `${(100 * share).toFixed(1)} %`)],
    ...others.map(
      other =>
        [
          `x ${other}`,
          ({ system, ratioTo }: Row) => (system === subject ? optional(ratioTo[other], times => times.toFixed(2)) : ''),
        ] as const,
    ),
    ['p50 ms', ({ p50Ms }) => ms(p50Ms)],
    ['p99 ms', ({ p99Ms }) => ms(p99Ms)],
    ['longest', ({ maxMs }) => ms(maxMs)],
    ['errors', ({ errors }) => count(errors)],
    ['elections', ({ elections }) => optional(elections, count)],
    ['CPU us', ({ cpuUsPerOp }) => optional(cpuUsPerOp, count)],
    ['packets', ({ packetsPerOp }) => optional(packetsPerOp, packets => packets.toFixed(2))],
    ['bytes', ({ bytesPerOp }) => optional(bytesPerOp, count)],
    ['other CPU', ({ otherCpuPercent }) => optional(otherCpuPercent, percent => `${Math.round(percent)} %`)],
  ]
  const headings = columns.map(([heading]) => heading)
  const texts = rows.map(row => columns.map(([, text]) => text(row)))
  return table(
    headings,
    texts,
    headings.filter(heading => heading !== 'system'),
  )
}

/** What stands below the table. */
export const legend = `puts/s: medians of the repeats. of lossless: of the same system's rate without loss. x SYSTEM: times its rate.
CPU us, packets, bytes: per put, of all servers; of all hosts, lost ones and Ethernet's headers included.
other CPU: what the machine did beside servers and client, of one core: distrust what was measured where it is high.`

/** And below that, where systems were measured at the same time. */
export const togetherLegend = `Measured together: raftgram and base had a half of the machine each, and other CPU counts the other one.
Only what one is beside the other says anything: x base, and the CPU of both.`

function count(number: number): string {
  return Math.round(number).toLocaleString('en-US')
}

function ms(number: number): string {
  return number >= 100 ? count(number) : number.toFixed(1)
}

function optional(value: number | null | undefined, text: (value: number) => string): string {
  return value === null || value === undefined ? '-' : text(value)
}
