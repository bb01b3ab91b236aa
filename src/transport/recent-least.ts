/** The least of what was measured lately: in one to two periods, of which the older one goes. */

export class RecentLeast {
  private readonly periodMs: number
  private ofPeriod = Infinity
  private before = Infinity
  private periodStartMs = -Infinity

  constructor(periodMs = 10_000) {
    this.periodMs = periodMs
  }

  /** Infinity before the first. */
  get value(): number {
    return Math.min(this.ofPeriod, this.before)
  }

  measured(value: number, nowMs: number): void {
    if (nowMs - this.periodStartMs >= this.periodMs) {
      this.before = this.ofPeriod
      this.ofPeriod = Infinity
      this.periodStartMs = nowMs
    }
    this.ofPeriod = Math.min(this.ofPeriod, value)
  }
}
