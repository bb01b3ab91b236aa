/** Mutants that nothing finds, and why. Whoever finds one takes it out of here. */
import type { Survivor } from './mutant.js'

export const survivors: readonly Survivor[] = []
