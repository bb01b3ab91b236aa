/**
 * Sessions from the least to the most recently used: a doubly linked list through the sessions themselves, so use and
 * eviction take constant time. (Asking a Map for its first key does not: deleted entries stay in front, and finding the
 * way past them takes 15 us at 65,536 sessions.)
 */
import type { Session } from './session.js'

export class UsageOrder {
  #oldest: Session | null = null
  #newest: Session | null = null

  /** The least recently used session. */
  get oldest(): Session | null {
    return this.#oldest
  }

  /** Adds a session that is not in the list, as the most recently used. */
  append(session: Session): void {
    session.older = this.#newest
    if (this.#newest === null) this.#oldest = session
    else this.#newest.newer = session
    this.#newest = session
  }

  /** Takes a session out of the list. */
  remove(session: Session): void {
    const { older, newer } = session
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    session.older = null
    session.newer = null
  }

  /** Makes a session of the list the most recently used. */
  touch(session: Session): void {
    if (session === this.#newest) return
    this.remove(session)
    this.append(session)
  }
}
