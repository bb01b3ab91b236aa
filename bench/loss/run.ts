/** Measures cell after cell: every system at every loss, as often as wanted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { messageOfError } from '../../bin/exit-status.js'
import type { Figures, LoadShape, System } from './cell.js'
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
  readonly hosts: Hosts
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
 * The order of the cells. Systems take turns in being first, so that neither what changes on the machine meanwhile nor
 * what one leaves behind for the next favours any.
 */
export function planCells(systems: readonly System[], losses: readonly number[], repeats: number): Planned[] {
  const planned: Planned[] = []
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const [at, lossPercent] of losses.entries()) {
      const able = systems.filter(({ canLose }) => canLose || lossPercent === 0)
      const first = able.length === 0 ? 0 : (repeat - 1 + at) % able.length
      for (const system of [...able.slice(first), ...able.slice(0, first)]) {
        planned.push({ system, lossPercent, repeat })
      }
    }
  }
  return planned
}

/** Resolves when all are through; a cell that fails keeps no other from being measured. */
export async function runCells(planned: readonly Planned[], options: RunOptions, listener: Listener): Promise<void> {
  for (const [at, cell] of planned.entries()) {
    const { system, lossPercent, repeat } = cell
    const outcome = await runCell(cell, options)
    if (outcome instanceof Error) listener.failed(cell, messageOfError(outcome))
    else listener.measured({ system: system.name, lossPercent, repeat, ...outcome }, at)
  }
}

/** Throws where all is to end; returns what went wrong with this cell alone. */
async function runCell({ system, lossPercent }: Planned, options: RunOptions): Promise<Figures | Error> {
  const { hosts, load, end } = options
  const programs = new Programs(options.nice)
  const directory = mkdtempSync(join(options.directory, `${system.name}-`))
  try {
    // Servers find one another on links that lose nothing.
    await hosts.lose(0)
    const measuring = system
      .measure({ hosts, programs, directory, lossPercent, load })
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    return await Promise.race([measuring, end])
  } finally {
    await programs.end()
    rmSync(directory, { recursive: true, force: true })
  }
}
