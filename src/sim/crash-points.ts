/**
 * Named places in the work of a disk at which the power may go: what is being done, and whether it goes while that is
 * under way (any part of it may have reached the medium) or when it has just been done, before anything follows from it.
 */
import type { SimOperation } from '../storage/disk-sim.js'
import { batchBytes, isReset } from '../../codec/batch.js'
import { hardStateSlotOffsets } from '../../codec/hard-state.js'
import { segmentHeaderBytes } from '../../codec/segment.js'

/** Names of what a disk does, from the operation alone; null for what changes nothing. */
export function workOf(operation: SimOperation): string | null {
  const { kind, path } = operation
  const name = path.slice(path.lastIndexOf('/') + 1)
  switch (kind) {
    case 'write':
      return writeOf(name, operation)
    case 'rename':
      if (name === 'taking') return 'snapshot named'
      if (name === 'receiving') return 'received snapshot named'
      if (name.endsWith('.log')) return 'segment set aside'
      return name === 'identity.tmp' ? 'identity named' : 'segment named'
    case 'sync':
      if (name === 'snapshots') return 'snapshot directory synced'
      return name === 'log' ? 'log directory synced' : 'directory synced'
    case 'remove':
      if (name.endsWith('.log')) return 'segment removed'
      return name.endsWith('.snapshot') ? 'old snapshot removed' : 'file removed'
    case 'open':
    case 'read':
    case 'close':
    case 'list':
    case 'makeDirectory':
    case 'freeBytes':
    case 'lock':
      return null
  }
}

function writeOf(name: string, { offset, bytes, data }: SimOperation): string {
  if (name === 'hard-state') return offset === hardStateSlotOffsets[0] ? 'hard state, slot 0' : 'hard state, slot 1'
  if (name === 'identity.tmp') return 'identity'
  if (name.startsWith('torn-')) return 'torn tail kept aside'
  if (name === 'taking') return offset === 0 ? 'snapshot header' : 'snapshot body'
  if (name === 'receiving') return offset === 0 ? 'received header' : 'received piece'
  if (name.endsWith('.spare')) return 'spare segment header'
  if (offset === 0) return bytes === segmentHeaderBytes ? 'segment header' : 'zeros ahead'
  if (name === 'prepared') return 'zeros ahead'
  if (data !== null && isReset(data)) return 'reset'
  return bytes === batchBytes(0) ? 'seal' : 'batch'
}

function duringAndAfter(works: readonly string[]): readonly string[] {
  return works.flatMap(work => [`during ${work}`, `after ${work}`])
}

/** Those that are met all the time, at a start, or in an election. */
const usualPoints = duringAndAfter([
  'hard state, slot 0',
  'hard state, slot 1',
  'batch',
  'seal',
  'zeros ahead',
  'log directory synced',
  'directory synced',
])

/** Those of a log that goes on in the next segment. */
const segmentPoints = duringAndAfter(['segment header', 'segment named'])

/** Those of a server that takes snapshots, gives up the log behind them, and uses its segments again. */
const snapshotPoints = duringAndAfter([
  'snapshot body',
  'snapshot header',
  'snapshot named',
  'snapshot directory synced',
  'old snapshot removed',
  'segment set aside',
  'spare segment header',
])

/** Those of a server that is sent a snapshot. */
const receivingPoints = duringAndAfter(['received header', 'received piece', 'received snapshot named', 'reset'])

/** Is there something to do for a while until this point is met? */
export function isRare(point: string): boolean {
  return segmentPoints.includes(point) || needsSnapshots(point)
}

export function needsSnapshots(point: string): boolean {
  return snapshotPoints.includes(point) || needsTransfer(point)
}

export function needsTransfer(point: string): boolean {
  return receivingPoints.includes(point)
}

/** Those that are met while a server runs or starts again. */
export const laterPoints: readonly string[] = [...usualPoints, ...segmentPoints, ...snapshotPoints, ...receivingPoints]

/** Those of a first start, when the directory is made. */
export const firstStartPoints: readonly string[] = [
  'during identity',
  'after identity',
  'during identity named',
  'after identity named',
  'during zeros ahead',
  'during segment header',
  'during directory synced',
  'during hard state, slot 0',
]

/** Every named crash point. */
export const crashPoints: readonly string[] = [...new Set([...laterPoints, ...firstStartPoints])]
