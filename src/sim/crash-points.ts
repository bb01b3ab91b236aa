/**
 * Named places in the work of a disk at which the power may go: what is being done, and whether it goes while that is
 * under way (any part of it may have reached the medium) or when it has just been done, before anything follows from it.
 */
import type { SimOperation } from '../storage/disk-sim.js'
import { batchBytes } from '../../codec/batch.js'
import { hardStateSlotOffsets } from '../../codec/hard-state.js'
import { segmentHeaderBytes } from '../../codec/segment.js'

/** Names of what a disk does, from the operation alone; null for what changes nothing. */
export function workOf({ kind, path, offset, bytes }: SimOperation): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1)
  switch (kind) {
    case 'write':
      if (name === 'hard-state') return offset === hardStateSlotOffsets[0] ? 'hard state, slot 0' : 'hard state, slot 1'
      if (name === 'identity.tmp') return 'identity'
      if (name.startsWith('torn-')) return 'torn tail kept aside'
      if (offset === 0) return bytes === segmentHeaderBytes ? 'segment header' : 'zeros ahead'
      if (name === 'prepared') return 'zeros ahead'
      return bytes === batchBytes(0) ? 'seal' : 'batch'
    case 'rename':
      if (name.endsWith('.log')) return 'segment given up'
      return name === 'identity.tmp' ? 'identity named' : 'segment named'
    case 'sync':
      return name === 'log' ? 'log directory synced' : 'directory synced'
    case 'remove':
      return 'file removed'
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

/** Those that are met while a server runs or starts again. */
export const laterPoints: readonly string[] = [
  'during hard state, slot 0',
  'after hard state, slot 0',
  'during hard state, slot 1',
  'after hard state, slot 1',
  'during batch',
  'after batch',
  'during seal',
  'after seal',
  'during zeros ahead',
  'after zeros ahead',
  'during segment header',
  'after segment header',
  'during segment named',
  'after segment named',
  'during log directory synced',
  'after log directory synced',
  'during directory synced',
  'after directory synced',
]

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
