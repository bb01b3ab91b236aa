/** Where an entry stands, as messages say it. */
import type { Term } from '../src/raft/types.js'

/** A log begins at (0, 0); every other place has an index and a term, and no term of a log is above currentTerm. */
export function isPlaceInLog(index: number, logTerm: Term, currentTerm: Term): boolean {
  if (index === 0) return logTerm === 0
  return index > 0 && logTerm >= 1 && logTerm <= currentTerm
}
