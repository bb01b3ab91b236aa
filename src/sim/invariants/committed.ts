/** What was ever committed: by index the term of the entry, and the term in which it was first seen to be committed. */
import type { LogIndex, Term } from '../../raft/types.js'
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

export class Committed {
  private readonly terms: Term[] = [0]
  /** Where the entries begin that were first seen to be committed in a term, in the order of the terms. */
  private readonly begins: { readonly term: Term; readonly index: LogIndex }[] = []

  /** The last index that any server has called committed. */
  get lastIndex(): LogIndex {
    return this.terms.length - 1
  }

  termAt(index: LogIndex): Term | undefined {
    return this.terms[index]
  }

  /** The commitIndex of a server moved. Returns whether something is committed that was not before. */
  advance({ server, commitIndex: before }: WatchedServer): boolean {
    const newest = this.lastIndex
    const { log } = server
    for (let index = before + 1; index <= server.commitIndex; index++) {
      const known = this.terms[index]
      const term = log.termAt(index)
      // A snapshot that was installed covers it: whoever made that has seen it committed.
      if (term === undefined && index < log.baseIndex && known !== undefined) continue
      if (term === undefined) {
        violated(
          'State Machine Safety',
          `server ${server.id} commits ${index}, which is neither in its log nor committed`,
        )
      } else if (known === undefined) {
        this.terms.push(term)
        if (server.currentTerm > (this.begins.at(-1)?.term ?? 0)) this.begins.push({ term: server.currentTerm, index })
      } else if (known !== term) {
        violated(
          'State Machine Safety',
          `server ${server.id} commits entry (${index}, term ${term}), and (${index}, term ${known}) was committed before`,
        )
      }
    }
    return this.lastIndex > newest
  }

  /** The log of a server has changed: not below what this server itself has called committed. */
  checkKept({ id, addedFrom, cut, commitIndex }: WatchedServer): void {
    if (cut === 0 || addedFrom > commitIndex) return
    violated(
      'State Machine Safety',
      `server ${id} has committed up to ${commitIndex}, and its entries from ${addedFrom} on were replaced`,
    )
  }

  /** The last index that was committed in a term before `term`. */
  lastIndexBefore(term: Term): LogIndex {
    return (this.begins.find(begin => begin.term >= term)?.index ?? this.lastIndex + 1) - 1
  }
}
