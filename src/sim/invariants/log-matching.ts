/**
 * "Log Matching: if two logs contain an entry with the same index and term, then the logs are identical in all entries up
 * through the given index" (Figure 3; 5.3). Kept by induction: an entry of a given index and term has one content and
 * follows an entry of one term.
 */
import { equalBytes } from '../../base/bytes.js'
import type { Entry, LogIndex, Term } from '../../raft/types.js'
import type { WatchedServer } from './watched-server.js'
import { violated } from './violation.js'

interface Known {
  readonly entry: Entry
  readonly termBefore: Term
}

export class LogMatching {
  /** By index: the entries of that index, mostly one. */
  private readonly known: Known[][] = []

  /** Compares what is new in a log with all logs of all times. */
  check({ id, entries, addedFrom, ...watched }: WatchedServer): void {
    let { termBefore } = watched
    for (let index = addedFrom; index <= entries.length; index++) {
      const entry = entries[index - 1]!
      this.compare(id, index, entry, termBefore)
      termBefore = entry.term
    }
  }

  private compare(id: number, index: LogIndex, entry: Entry, termBefore: Term): void {
    const ofIndex = (this.known[index] ??= [])
    for (const known of ofIndex) {
      if (known.entry.term !== entry.term) continue
      if (known.termBefore !== termBefore) {
        violated(
          'Log Matching',
          `in the log of server ${id} entry (${index}, term ${entry.term}) follows one of term ${termBefore}, in another of ${known.termBefore}`,
        )
      }
      if (known.entry.kind !== entry.kind || !equalBytes(known.entry.payload, entry.payload)) {
        violated('Log Matching', `server ${id} has another entry (${index}, term ${entry.term}) than a server before`)
      }
      return
    }
    ofIndex.push({ entry, termBefore })
  }
}
