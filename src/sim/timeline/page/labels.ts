/** Text without overlap: what is already taken is asked before a label is put anywhere. */

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Whether two boxes share any ground. */
export function doOverlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/** The pairs of boxes that overlap: what a page must have none of. */
export function overlapsAmong(boxes: readonly Box[]): number {
  const sorted = [...boxes].sort((a, b) => a.x - b.x)
  let overlaps = 0
  sorted.forEach((box, i) => {
    for (let j = i + 1; j < sorted.length && sorted[j]!.x < box.x + box.width; j++) {
      if (doOverlap(box, sorted[j]!)) overlaps++
    }
  })
  return overlaps
}

/** Gives out places, first come, first served, within bounds. */
export class LabelPlaces {
  private readonly taken: Box[] = []
  private readonly bounds: Box

  constructor(bounds: Box) {
    this.bounds = bounds
  }

  /** The first of the candidates that lies in bounds and is free, now taken; undefined where there is none. */
  take(candidates: readonly Box[]): Box | undefined {
    const free = candidates.find(box => this.isInside(box) && !this.taken.some(other => doOverlap(box, other)))
    if (free !== undefined) this.taken.push(free)
    return free
  }

  /** Keeps labels away from a box. */
  block(box: Box): void {
    this.taken.push(box)
  }

  private isInside({ x, y, width, height }: Box): boolean {
    const { bounds } = this
    return (
      x >= bounds.x && y >= bounds.y && x + width <= bounds.x + bounds.width && y + height <= bounds.y + bounds.height
    )
  }
}
