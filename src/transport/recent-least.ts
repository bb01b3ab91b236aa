/** The least of what was measured lately: of the last ten to twenty seconds, in two periods of which the older one goes. */

const periodMs = 10_000

export class RecentLeast {
  private ofPeriod = Infinity
  private before = Infinity
  private periodStartMs = -Infinity

  /** Infinity before the first. */
  get value(): number {
    return Math.min(this.ofPeriod, this.before)
  }

  measured(value: number, nowMs: number): void {
    if (nowMs - this.periodStartMs >= periodMs) {
      this.before = this.ofPeriod
      this.ofPeriod = Infinity
      this.periodStartMs = nowMs
    }
    this.ofPeriod = Math.min(this.ofPeriod, value)
  }
}
