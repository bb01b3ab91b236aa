/**
 * What a log says of incarnations: of which data directory of each server the votes and acknowledgements count. Like a
 * configuration it follows from the log: an entry is in force from when it is appended on, and no more when it is
 * truncated (dissertation 4.1). The rule itself, and why it is safe, stands in admission.ts.
 *
 * The payload of these entries is one piece of 10 bytes for each server that is named: its id in 2 bytes, its incarnation
 * in 8, little-endian.
 */
import type { Entry, EntryKind, Incarnation, LogIndex, Named, ServerId, Term } from './types.js'

/** What the log says of one server. */
export interface Standing {
  /** Of `admit` and `found`: the one that counts. Of `retire`: the one to come; none counts. */
  readonly incarnation: Incarnation
  readonly counts: boolean
  /** Of the entry that says so. */
  readonly index: LogIndex
  readonly term: Term
}

type Standings = ReadonlyMap<ServerId, Standing>

interface Change {
  readonly index: LogIndex
  readonly term: Term
  readonly kind: 'found' | 'retire' | 'admit'
  readonly named: readonly Named[]
}

const namedBytes = 10

/** Whether entries of this kind name servers. */
export function namesServers(kind: EntryKind): kind is Change['kind'] {
  return kind !== 'noop' && kind !== 'commands'
}

export class Admitted {
  /** As of the newest snapshot that is known here; null where no entry has named anybody. */
  private base: Standings | null = null
  private baseIndex: LogIndex = 0
  /** By entries behind that, in their order. */
  private changes: Change[] = []
  private current: Standings | null = null

  /** Null as long as the log names nobody: before the founding of a cluster. */
  get standings(): Standings | null {
    return this.current
  }

  /** What a snapshot up to (index, term) says. What entries behind it say is to be noted again. */
  restore(index: LogIndex, term: Term, named: readonly Named[] | undefined): void {
    this.baseIndex = index
    this.base = named === undefined ? null : standingsOf(named, true, index, term)
    this.changes = []
    this.current = this.base
  }

  /** An entry was appended. */
  append(entry: Entry): void {
    const { index, term, kind } = entry
    if (!namesServers(kind) || index <= this.baseIndex) return
    // The payload is looked at only here: that of an entry of a log is made when it is asked for.
    const change = { index, term, kind, named: decodeNamed(entry.payload) }
    this.changes.push(change)
    this.current = after(this.current, change)
  }

  /** The entry at `index` and all that follow are gone. */
  truncateFrom(index: LogIndex): void {
    const { length } = this.changes
    while ((this.changes[this.changes.length - 1]?.index ?? 0) >= index) this.changes.pop()
    if (this.changes.length === length) return
    this.current = this.changes.reduce(after, this.base)
  }

  /** As a snapshot up to `index` says it: those who count, by id; undefined where nobody has been named. */
  namedAt(index: LogIndex): readonly Named[] | undefined {
    const standings = this.changes.filter(change => change.index <= index).reduce(after, this.base)
    if (standings === null) return undefined
    return [...standings]
      .filter(([, { counts }]) => counts)
      .map(([id, { incarnation }]) => ({ id, incarnation }))
      .sort((a, b) => a.id - b.id)
  }
}

function after(before: Standings | null, { index, term, kind, named }: Change): Standings {
  const changed = standingsOf(named, kind !== 'retire', index, term)
  return kind === 'found' || before === null ? changed : new Map([...before, ...changed])
}

function standingsOf(named: readonly Named[], counts: boolean, index: LogIndex, term: Term): Standings {
  return new Map(named.map(({ id, incarnation }) => [id, { incarnation, counts, index, term }]))
}

/** The payload of an entry that names these. */
export function encodeNamed(named: readonly Named[]): Uint8Array {
  const bytes = new Uint8Array(named.length * namedBytes)
  const view = new DataView(bytes.buffer)
  for (const [place, { id, incarnation }] of named.entries()) {
    view.setUint16(place * namedBytes, id, true)
    view.setUint32(place * namedBytes + 2, incarnation % 2 ** 32, true)
    view.setUint32(place * namedBytes + 6, Math.floor(incarnation / 2 ** 32), true)
  }
  return bytes
}

/** Whom an entry names. Its payload was judged by the codec when it came from elsewhere. */
export function decodeNamed(payload: Uint8Array): readonly Named[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const named: Named[] = []
  for (let at = 0; at + namedBytes <= payload.length; at += namedBytes) {
    const incarnation = view.getUint32(at + 6, true) * 2 ** 32 + view.getUint32(at + 2, true)
    named.push({ id: view.getUint16(at, true), incarnation })
  }
  return named
}
