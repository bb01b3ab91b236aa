/**
 * Bytes and names of a simulated disk, each twice: as they are seen, and as they are on the medium.
 *
 * Each file has two contents: what readers see, and what is on the medium. They differ in sectors of 512 bytes:
 * - a write in flight has reached neither; at a crash each of its sectors may have reached both, in any subset;
 * - a completed write has reached both (O_DSYNC);
 * - `kill()` ends the process and not the machine: sectors of writes in flight may be seen by the next process and still
 *   not be on the medium, so that a later `crash()` takes them away again.
 *
 * Names are durable after `syncDirectory` only: at a crash any subset of the changes since then is lost.
 */

const sectorBytes = 512

/** The bytes of one file, apart from the names that lead to it. */
export class Inode {
  /** The name by which it was opened or renamed last: whoever has it open works under that name. */
  path = ''
  seen = new Uint8Array(0)
  medium = new Uint8Array(0)
  /** Sectors that readers see and the medium does not hold. */
  readonly dirtySectors = new Set<number>()

  read(offset: number, length: number): Uint8Array {
    return this.seen.slice(offset, offset + length)
  }

  /** Lets the sectors of a write that `reached` accepts be seen, and puts them on the medium if it is `durable`. */
  apply(offset: number, data: Uint8Array, durable: boolean, reached: () => boolean): void {
    const end = offset + data.length
    const sectors: number[] = []
    for (let sector = Math.floor(offset / sectorBytes); sector * sectorBytes < end; sector++) {
      if (reached()) sectors.push(sector)
    }
    this.seen = grown(this.seen, Math.min(end, ((sectors.at(-1) ?? -1) + 1) * sectorBytes))
    for (const sector of sectors) {
      const from = Math.max(offset, sector * sectorBytes)
      const to = Math.min(end, (sector + 1) * sectorBytes)
      this.seen.set(data.subarray(from - offset, to - offset), from)
      this.dirtySectors.add(sector)
    }
    if (durable) this.flush(sectors)
  }

  /** Puts what is seen of the sectors of a write on the medium. */
  flushRange(offset: number, bytes: number): void {
    const sectors: number[] = []
    for (let sector = Math.floor(offset / sectorBytes); sector * sectorBytes < offset + bytes; sector++)
      sectors.push(sector)
    this.flush(sectors)
  }

  /** Puts what is seen of these sectors, ascending, on the medium. */
  private flush(sectors: readonly number[]): void {
    this.medium = grown(this.medium, Math.min(this.seen.length, ((sectors.at(-1) ?? -1) + 1) * sectorBytes))
    for (const sector of sectors) {
      const from = sector * sectorBytes
      this.medium.set(this.seen.subarray(from, from + sectorBytes), from)
      this.dirtySectors.delete(sector)
    }
  }

  /** All that is seen is on the medium. */
  settle(): void {
    this.flush([...this.dirtySectors].sort((a, b) => a - b))
  }

  /** The power goes: what was seen and not durable stays or goes, sector by sector. */
  crash(stays: () => boolean): void {
    this.flush([...this.dirtySectors].sort((a, b) => a - b).filter(stays))
    this.dirtySectors.clear()
    this.seen = this.medium.slice()
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= bytes.length) return bytes
  const longer = new Uint8Array(length)
  longer.set(bytes)
  return longer
}

/** A change of names: `name` leads to `inode`, or to nothing. A rename is one change of two names, whole or not at all. */
type Change = readonly { readonly name: string; readonly inode: Inode | null }[]

export class Directory {
  readonly seen = new Map<string, Inode>()
  readonly medium = new Map<string, Inode>()
  private unsynced: Change[] = []

  change(change: Change): void {
    applyChange(this.seen, change)
    this.unsynced.push(change)
  }

  sync(): void {
    for (const change of this.unsynced) applyChange(this.medium, change)
    this.unsynced = []
  }

  /** Every file that a name leads to, or may lead to again when changes of names are lost. */
  inodes(): Set<Inode> {
    const changed = this.unsynced.flatMap(change => change.flatMap(({ inode }) => inode ?? []))
    return new Set([...this.seen.values(), ...this.medium.values(), ...changed])
  }

  crash(stays: () => boolean): void {
    for (const change of this.unsynced) if (stays()) applyChange(this.medium, change)
    this.unsynced = []
    this.seen.clear()
    for (const [name, inode] of this.medium) this.seen.set(name, inode)
  }
}

function applyChange(names: Map<string, Inode>, change: Change): void {
  for (const { name, inode } of change) {
    if (inode === null) names.delete(name)
    else names.set(name, inode)
  }
}
