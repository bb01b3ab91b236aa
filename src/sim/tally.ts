/** How often what happened in a simulation: elections, torn writes, lost datagrams ... A kind that never fired is seen. */

export class Tally {
  private readonly counts = new Map<string, number>()

  /** Of something that may happen: it is shown even if it never does. */
  expect(...names: readonly string[]): void {
    for (const name of names) this.add(name, 0)
  }

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0
  }

  /** All of them, by name. */
  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Adds what another run counted. */
  merge(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) this.add(name, count)
  }
}
