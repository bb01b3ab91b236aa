/**
 * The copies that a walk keeps, by the number of the record: pages of numbers, made where something is kept. (A Map of
 * 250,000 copies stops the world for 20 ms when it grows.)
 */
import type { Records } from './records.js'

const pageBits = 11
const pageRecords = 1 << pageBits
const pageMask = pageRecords - 1

export class KeptRecords {
  readonly #records: Records
  /** The number of the copy and 1; 0 where none is kept. */
  readonly #pages: (Int32Array | undefined)[] = []

  constructor(records: Records) {
    this.#records = records
  }

  /** Keeps a copy of the record as it is now, unless one is kept already. */
  keep(record: number): void {
    const page = (this.#pages[record >>> pageBits] ??= new Int32Array(pageRecords))
    if (page[record & pageMask] === 0) page[record & pageMask] = this.#records.copy(record) + 1
  }

  /** The number of the copy of `record`, or of the record itself if none is kept. */
  of(record: number): number {
    const copy = this.#pages[record >>> pageBits]?.[record & pageMask] ?? 0
    return copy === 0 ? record : copy - 1
  }

  /** The copy of `record`, if there is one, is not needed any more. */
  drop(record: number): void {
    const page = this.#pages[record >>> pageBits]
    const copy = page?.[record & pageMask] ?? 0
    if (page === undefined || copy === 0) return
    page[record & pageMask] = 0
    this.#records.remove(copy - 1)
  }

  /** No copy is needed any more: lets go of those of one page. False when none is left. */
  dropPage(): boolean {
    while (this.#pages.length > 0) {
      const page = this.#pages.pop()
      if (page === undefined) continue
      for (const copy of page) if (copy !== 0) this.#records.remove(copy - 1)
      return true
    }
    return false
  }
}
