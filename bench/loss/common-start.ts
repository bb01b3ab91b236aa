/** What is measured at the same time begins at the same time: whoever is ready first waits for the others. */
export class CommonStart {
  private missing: number
  private readonly all: Promise<void>
  private go: () => void = () => undefined

  constructor(participants: number) {
    this.missing = participants
    this.all = new Promise(resolve => (this.go = resolve))
  }

  /** For each participant, once. `ready` resolves when nobody is missing; who calls `leave` is not waited for any more. */
  join(): { readonly ready: () => Promise<void>; readonly leave: () => void } {
    let isMissing = true
    const leave = () => {
      if (!isMissing) return
      isMissing = false
      this.missing--
      if (this.missing === 0) this.go()
    }
    const ready = () => {
      leave()
      return this.all
    }
    return { ready, leave }
  }
}
