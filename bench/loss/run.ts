/** Measures cell after cell: every system at every loss, as often as wanted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOfError } from '../../bin/exit-status.js'
import type { Figures, LoadShape, System } from './cell.js'
import { CommonStart } from './common-start.js'
import type { Hosts } from './hosts.js'
import { Programs } from './programs.js'
import type { Measured } from './summary.js'

/** A cell to be measured. */
export interface Planned {
  readonly system: System
  readonly lossPercent: number
  readonly repeat: number
}

export interface RunOptions {
  /** As many as there are cells in the largest group. */
  readonly networks: readonly Hosts[]
  /** Each cell has a directory in it for as long as it takes. */
  readonly directory: string
  readonly load: LoadShape
  /** Of servers and clients. */
  readonly nice: number
  /** Rejects where the measuring is to end early. */
  readonly end: Promise<never>
}

/** Told as it comes: a cell that was measured, or why it could not be. */
export interface Listener {
  measured(cell: Measured, at: number): void
  failed(cell: Planned, why: string): void
}

/**
 * The order of the cells; those of one group are measured at the same time. Systems take turns in being first, so that
 * neither what changes on the machine meanwhile nor what one leaves behind for the next favours any. `together` names the
 * systems that make one group.
 */
export function planCells(
  systems: readonly System[],
  losses: readonly number[],
  repeats: number,
  together: readonly string[] = [],
): Planned[][] {
  const planned: Planned[][] = []
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const [at, lossPercent] of losses.entries()) {
      const able = systems.filter(({ canLose }) => canLose || lossPercent === 0)
      const first = able.length === 0 ? 0 : (repeat - 1 + at) % able.length
      const cells = [...able.slice(first), ...able.slice(0, first)].map(system => ({ system, lossPercent, repeat }))
      const group = cells.filter(({ system }) => together.includes(system.name))
      const alone = cells.filter(cell => !group.includes(cell)).map(cell => [cell])
      planned.push(...(group.length === 0 ? alone : [group, ...alone]))
    }
  }
  return planned
}

/** Resolves when all are through; a cell that fails keeps no other from being measured. */
export async function runCells(
  planned: readonly (readonly Planned[])[],
  options: RunOptions,
  listener: Listener,
): Promise<void> {
  let at = 0
  for (const group of planned) {
    const start = new CommonStart(group.length)
    // All of them, also where one throws: until each has ended its programs, their network must stay.
    const settled = await Promise.allSettled(
      group.map((cell, i) => runCell(cell, options.networks[i]!, start, options)),
    )
    for (const [i, cell] of group.entries()) {
      const result = settled[i]!
      if (result.status === 'rejected') throw result.reason
      const outcome = result.value
      const { system, lossPercent, repeat } = cell
      if (outcome instanceof Error) listener.failed(cell, messageOfError(outcome))
      else listener.measured({ system: system.name, lossPercent, repeat, ...outcome }, at)
      at++
    }
  }
}

/** Throws where all is to end; returns what went wrong with this cell alone. */
async function runCell(
  { system, lossPercent }: Planned,
  hosts: Hosts,
  start: CommonStart,
  options: RunOptions,
): Promise<Figures | Error> {
  const { load, end } = options
  const programs = new Programs(options.nice)
  const directory = mkdtempSync(join(options.directory, `${system.name}-`))
  const { ready: begin, leave } = start.join()
  try {
    // Servers find one another on links that lose nothing.
    await hosts.lose(0)
    const measuring = system
      .measure({ hosts, programs, directory, lossPercent, load, begin })
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    return await Promise.race([measuring, end])
  } finally {
    leave()
    await programs.end()
    rmSync(directory, { recursive: true, force: true })
  }
}
