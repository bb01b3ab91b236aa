/** What a state machine gives: bytes, at once, and no more than there is room for. Its types are those of another program. */

/** The machine broke its contract. On the way of a command this ends the server: nobody knows what its state is now. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
}

/** `given` as it is. Throws MachineError where it is no Uint8Array, or has more than `bytesMax` bytes. */
export function machineResult(given: Uint8Array, method: 'apply' | 'query', bytesMax: number): Uint8Array {
  if ((given as unknown) instanceof Uint8Array && given.length <= bytesMax) return given
  throw new MachineError(
    `${method} of the state machine gave ${shown(given)}: it must return a Uint8Array of at most ${bytesMax} bytes, and no promise of one`,
  )
}

function shown(given: unknown): string {
  if (given instanceof Uint8Array) return `${given.length} bytes`
  if (typeof given !== 'object' || given === null) return String(typeof given === 'string' ? 'a string' : given)
  return `a ${given.constructor.name}`
}
