/**
 * The hard state, currentTerm and votedFor, in two slots of the file `hard-state`: both are written and synced, first
 * slot 0, then slot 1, before a save is done. What a crash leaves behind:
 * - before or while slot 0 is written: slot 0 old or damaged, slot 1 old. The old state holds; nobody was told of the new.
 * - between the two, or while slot 1 is written: slot 0 new, slot 1 old or damaged. The new state holds.
 * - afterwards: both new. One of them may be damaged by the medium without a vote being lost.
 * So two damaged slots, or two whose sequence numbers are more than one apart, are none of a crash's doing: refused.
 */
import {
  decodeHardStateSlot,
  encodeHardStateSlot,
  hardStateSlotOffsets,
  type HardStateSlot,
} from '../../codec/hard-state.js'
import { assert } from '../base/assert.js'
import type { HardState, Term } from '../raft/types.js'
import type { Disk, DiskFile, Done, Got } from './disk.js'
import { corruptError, type StorageError } from './storage-error.js'
import { readWhole, writeWhole, type Paths } from './files.js'
import { eachInOrder } from './steps.js'

/** What the two slots say together. */
export interface JudgedSlots {
  readonly current: HardStateSlot
  /** Position of a slot that holds `current`, 0 or 1. */
  readonly intact: 0 | 1
  /** A line about a slot that has to be mended, or null. */
  readonly note: string | null
}

/** Which state holds, given the bytes of the file, or why none can be believed. */
export function judgeSlots(path: string, bytes: Uint8Array, incarnation: number): JudgedSlots | StorageError {
  const [offset0, offset1] = hardStateSlotOffsets
  const slot0 = decodeHardStateSlot(bytes, offset0)
  const slot1 = decodeHardStateSlot(bytes, offset1)
  for (const [position, slot] of [slot0, slot1].entries()) {
    if (slot === null || slot.incarnation === incarnation) continue
    return corruptError(path, hardStateSlotOffsets[position]!, 'it belongs to another data directory')
  }
  if (slot0 === null && slot1 === null) return corruptError(path, 0, 'both slots of term and vote are unreadable')
  if (slot0 === null || slot1 === null) {
    const note = `slot ${slot0 === null ? 0 : 1} of ${path} was damaged; the other one holds`
    return slot0 === null ? { current: slot1!, intact: 1, note } : { current: slot0, intact: 0, note }
  }
  const [older, newer] = slot0.sequence < slot1.sequence ? [slot0, slot1] : [slot1, slot0]
  const gap = newer.sequence - older.sequence
  if (gap > 1) return corruptError(path, 0, `its slots are ${gap} saves apart, a crash leaves at most 1`)
  if (!mayFollow(older.hardState, newer.hardState)) {
    return corruptError(path, 0, `term and vote went back between saves ${older.sequence} and ${newer.sequence}`)
  }
  if (gap === 0 && !mayFollow(newer.hardState, older.hardState)) {
    return corruptError(path, 0, `its slots differ in save ${newer.sequence}`)
  }
  const note = gap === 0 ? null : `one slot of ${path} was a save behind; the newer one holds`
  return { current: newer, intact: newer === slot0 ? 0 : 1, note }
}

/** Terms never go back, and a vote is never changed or erased inside its term. */
function mayFollow(before: HardState, after: HardState): boolean {
  if (after.currentTerm !== before.currentTerm) return after.currentTerm > before.currentTerm
  return before.votedFor === 0 || after.votedFor === before.votedFor
}

/** Makes the file of a server that has voted in no term: 0 at the first start, that of a snapshot it begins with. Its name is durable with the next sync of the directory. */
export function createHardState(disk: Disk, paths: Paths, incarnation: number, currentTerm: Term, done: Done): void {
  const bytes = encodeHardStateSlot({ incarnation, sequence: 1, hardState: { currentTerm, votedFor: 0 } })
  const pieces = hardStateSlotOffsets.map(offset => ({ offset, bytes }))
  writeWhole(disk, paths.hardState, pieces, done)
}

export interface OpenedHardState {
  readonly store: HardStateStore
  /** What was mended, for an operator. */
  readonly note: string | null
}

/** Opens the file and makes both slots durable again: after a crash, bytes that are read may exist only in memory. */
export function openHardState(disk: Disk, paths: Paths, incarnation: number, got: Got<OpenedHardState | null>): void {
  const path = paths.hardState
  readWhole(disk, path, (error, bytes) => {
    const judged =
      bytes === null
        ? corruptError(path, 0, 'there is a log, but term and vote are missing')
        : judgeSlots(path, bytes, incarnation)
    if (error !== null || judged instanceof Error) {
      got(error ?? (judged as StorageError), null)
      return
    }
    disk.open(path, 'existing', (openError, file) => {
      if (openError !== null) {
        got(openError, null)
        return
      }
      const store = new HardStateStore(file, judged.current)
      // The intact slot first, with the bytes that it holds already: while it is written, a crash can only leave what
      // the medium held before, and then the other slot is still what it was.
      store.writeSlots([judged.intact, judged.intact === 0 ? 1 : 0], writeError => {
        if (writeError === null) got(null, { store, note: judged.note })
        else file.close(() => got(writeError, null))
      })
    })
  })
}

export class HardStateStore {
  private readonly file: DiskFile
  private slot: HardStateSlot
  private saving = false
  private whenIdle: (() => void) | null = null

  constructor(file: DiskFile, slot: HardStateSlot) {
    this.file = file
    this.slot = slot
  }

  /** What was saved last; it may not be durable yet. */
  get hardState(): HardState {
    return this.slot.hardState
  }

  /** Both slots are durable when this calls back. One save at a time. */
  save(hardState: HardState, done: Done): void {
    assert(!this.saving, 'one hard state is saved at a time')
    assert(mayFollow(this.slot.hardState, hardState), 'terms never go back, and a vote stays for its term')
    this.slot = { incarnation: this.slot.incarnation, sequence: this.slot.sequence + 1, hardState }
    this.writeSlots([0, 1], done)
  }

  /** Writes the current state to the slots in this order. */
  writeSlots(order: readonly (0 | 1)[], done: Done): void {
    this.saving = true
    const bytes = encodeHardStateSlot(this.slot)
    const write = (position: 0 | 1, next: Done): void => this.file.write(hardStateSlotOffsets[position], bytes, next)
    eachInOrder(order, write, error => {
      this.saving = false
      done(error)
      this.whenIdle?.()
    })
  }

  /** Waits for a save in flight. */
  close(done: Done): void {
    if (this.saving) this.whenIdle = () => this.file.close(done)
    else this.file.close(done)
  }
}
