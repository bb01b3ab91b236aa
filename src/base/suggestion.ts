/** "did you mean ...?": the nearest of what is known, if it is near enough to be a slip of the fingers. */

/** A question with a leading space, or an empty text. */
export function suggestion(typed: string, known: readonly string[], prefix = ''): string {
  let nearest = ''
  let nearestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1
  for (const candidate of known) {
    const distance = candidate.startsWith(typed) && typed.length >= 3 ? 0.5 : editDistance(typed, candidate)
    if (distance < nearestDistance) {
      nearest = candidate
      nearestDistance = distance
    }
  }
  return nearest === '' ? '' : `: did you mean ${prefix}${nearest}?`
}

/** Insertions, deletions, replacements and swaps of neighbours that make `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const next = [row]
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1
      let best = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + cost)
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (isSwap) best = Math.min(best, beforeLast[column - 2]! + 1)
      next.push(best)
    }
    beforeLast = last
    last = next
  }
  return last[b.length]!
}
