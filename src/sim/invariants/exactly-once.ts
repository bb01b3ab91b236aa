/**
 * Each client request is executed exactly once (dissertation 6.3), and what was acknowledged is where the answer put it.
 * Commands of a simulated load differ from each other, so a command that is executed at two revisions is a double.
 */
import { violated } from './violation.js'

export class ExactlyOnce {
  /** By command: the revision at which it was executed. */
  private readonly revisions = new Map<string, number>()
  /** How far commands were written down. */
  private newest = 0

  /** Some server executes the command of a revision; only the first to do so says something new. */
  applied(revision: number, command: Uint8Array): void {
    if (revision <= this.newest) return
    this.newest = revision
    const text = Buffer.from(command.buffer, command.byteOffset, command.byteLength).toString('latin1')
    const known = this.revisions.get(text)
    if (known === undefined) this.revisions.set(text, revision)
    else violated('Exactly Once', `one request was executed at revisions ${known} and ${revision}`)
  }

  /** A client was told that its command was executed at this revision. */
  acknowledged(revision: number, command: Uint8Array): void {
    const text = Buffer.from(command.buffer, command.byteOffset, command.byteLength).toString('latin1')
    const known = this.revisions.get(text)
    if (known === revision) return
    violated(
      'Acknowledged Is Kept',
      `a client was told of revision ${revision}, its command was executed at ${known ?? 'none'}`,
    )
  }
}
