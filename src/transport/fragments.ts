/**
 * Cuts a message into fragments, all as large as the others but for the last, so that none is a crumb unless it must be.
 * The other way round: reassembly.ts.
 */
import type { Fragment } from '../../codec/fragment.js'
import { fragmentsMax } from '../../codec/limits.js'
import { assert } from '../base/assert.js'

/**
 * The pieces of an encoded message, head and body, that is larger than `fragmentBytesMax`: each holds at most so many
 * bytes of it. They are subarrays of `bytes`, which must stay as they are until the last piece has arrived.
 */
export function fragmentsOf(bytes: Uint8Array, messageId: number, fragmentBytesMax: number): Fragment[] {
  const count = Math.ceil(bytes.length / fragmentBytesMax)
  assert(count >= 2 && count <= fragmentsMax, `a message is cut into 2 to ${fragmentsMax} fragments`)
  const each = Math.ceil(bytes.length / count)
  const fragments: Fragment[] = []
  for (let index = 0; index < count; index++) {
    const from = index * each
    fragments.push({ type: 'Fragment', messageId, count, index, bytes: bytes.subarray(from, from + each) })
  }
  return fragments
}
