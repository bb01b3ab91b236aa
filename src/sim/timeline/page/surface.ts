/** A canvas that remembers what it drew: texts, so that the page can be checked, and shapes, so that one can point at them. */
import type { Box } from './labels.js'

/** A line, a point (both ends equal) or a box that stands for an event. */
export interface Target {
  readonly event: number
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  /** A box covers all its ground; a line only what lies near it. */
  readonly isBox: boolean
}

/** How near to a line one must point, in pixels. */
const reach = 6

export class Surface {
  readonly context: CanvasRenderingContext2D
  readonly canvas: HTMLCanvasElement
  width = 0
  height = 0
  /** The boxes of all texts since the last clear. */
  readonly texts: Box[] = []
  private readonly targets: Target[] = []
  private readonly widths = new Map<string, number>()

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas
    this.context = canvas.getContext('2d')!
  }

  /** Takes a size in CSS pixels, sharp on any screen, and clears all. */
  clear(width: number, height: number, ground: string): void {
    const ratio = window.devicePixelRatio
    const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) }
    if (this.canvas.width !== pixels.width || this.canvas.height !== pixels.height) Object.assign(this.canvas, pixels)
    this.canvas.style.height = `${height}px`
    this.width = width
    this.height = height
    this.texts.length = 0
    this.targets.length = 0
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.context.fillStyle = ground
    this.context.fillRect(0, 0, width, height)
  }

  /** How wide a text is. */
  measure(text: string, font: string): number {
    const key = `${font}|${text}`
    let width = this.widths.get(key)
    if (width === undefined) {
      this.context.font = font
      width = this.context.measureText(text).width
      this.widths.set(key, width)
    }
    return width
  }

  /** Writes a text whose left end is at `x` and whose middle is at `y`, with a halo of its own where a ground is given. */
  text(text: string, x: number, y: number, font: string, colour: string, ground?: string): void {
    const { context } = this
    const size = Number(/(\d+)px/.exec(font)![1])
    const box = { x, y: y - size / 2, width: this.measure(text, font), height: size }
    context.font = font
    context.textBaseline = 'middle'
    if (ground !== undefined) {
      context.strokeStyle = ground
      context.lineWidth = 4
      context.lineJoin = 'round'
      context.strokeText(text, x, y)
    }
    context.fillStyle = colour
    context.fillText(text, x, y)
    this.texts.push(box)
  }

  /** A line between two points. */
  line(x1: number, y1: number, x2: number, y2: number): void {
    this.context.beginPath()
    this.context.moveTo(x1, y1)
    this.context.lineTo(x2, y2)
    this.context.stroke()
  }

  /** Makes a shape something that one can point at. */
  target(event: number, x1: number, y1: number, x2: number, y2: number, isBox = false): void {
    if (event >= 0) this.targets.push({ event, x1, y1, x2, y2, isBox })
  }

  /** The event at a point, -1 where there is none: the nearest line, else the box drawn last. */
  eventAt(x: number, y: number): number {
    let nearest = -1
    let distance = reach
    let box = -1
    for (const target of this.targets) {
      const { x1, y1, x2, y2, isBox, event } = target
      if (isBox) {
        if (x >= x1 && x <= x2 && y >= y1 && y <= y2) box = event
      } else {
        const away = distanceToLine(x, y, x1, y1, x2, y2)
        if (away <= distance) {
          distance = away
          nearest = event
        }
      }
    }
    return nearest >= 0 ? nearest : box
  }
}

function distanceToLine(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const dx = x2 - x1
  const dy = y2 - y1
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length))
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy)
}
