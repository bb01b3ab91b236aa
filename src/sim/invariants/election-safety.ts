/** "Election Safety: at most one leader can be elected in a given term" (Figure 3; section 5.2). */
import type { ServerId, Term } from '../../raft/types.js'
import { violated } from './violation.js'

export class ElectionSafety {
  private readonly leaders = new Map<Term, ServerId>()

  /** A server leads a term. Whether that is news. */
  leads(id: ServerId, term: Term): boolean {
    const known = this.leaders.get(term)
    if (known === undefined) {
      this.leaders.set(term, id)
      return true
    }
    if (known !== id) violated('Election Safety', `servers ${known} and ${id} both lead term ${term}`)
    return false
  }

  get elections(): number {
    return this.leaders.size
  }
}
