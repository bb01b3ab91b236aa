/** The commands by name, each loaded when it is asked for: to load them all takes longer than most of them run. */
import type { Command } from './command.js'

export interface CommandTable {
  /** In the order of --help. */
  readonly names: readonly string[]
  /** Undefined where no command has this name. */
  readonly load: (name: string) => Promise<Command | undefined>
  readonly loadAll: () => Promise<readonly Command[]>
}

/** `loaders` are named like their commands. */
export function commandTable(loaders: Readonly<Record<string, () => Promise<Command>>>): CommandTable {
  const byName = new Map(Object.entries(loaders))
  return {
    names: [...byName.keys()],
    load: async name => byName.get(name)?.(),
    loadAll: () => Promise.all([...byName.values()].map(load => load())),
  }
}
