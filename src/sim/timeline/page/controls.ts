/** Keys, pointer and wheel: what they mean, told to the page in its own words. */
import { gutter } from './scene.js'

/** What the reader wants. */
export interface Wishes {
  /** By a share of the window. */
  pan(share: number): void
  /** Around a place of the drawing, from 0 at its left end to 1; undefined is its middle. */
  zoom(factor: number, place?: number): void
  goHome(): void
  goEnd(): void
  showAll(): void
  search(): void
  goToCause(): void
  forget(): void
  hover(x: number, y: number): void
  pick(x: number, y: number): void
  /** The window's middle to this place of the strip, from 0 to 1. */
  jump(place: number): void
}

const zoomStep = 1.5

/** Listens to keys everywhere but in fields of text. */
export function listenToKeys(wishes: Wishes): void {
  const keys: Record<string, () => void> = {
    ArrowLeft: () => wishes.pan(-0.2),
    ArrowRight: () => wishes.pan(0.2),
    '+': () => wishes.zoom(1 / zoomStep),
    '=': () => wishes.zoom(1 / zoomStep),
    '-': () => wishes.zoom(zoomStep),
    Home: () => wishes.goHome(),
    End: () => wishes.goEnd(),
    '0': () => wishes.showAll(),
    '/': () => wishes.search(),
    c: () => wishes.goToCause(),
    Escape: () => wishes.forget(),
  }
  document.addEventListener('keydown', event => {
    const isTyping = event.target instanceof HTMLInputElement
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== 'Escape')) return
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })
}

/** Listens to the pointer over the drawing. */
export function listenToDrawing(canvas: HTMLCanvasElement, wishes: Wishes): void {
  let pressedX: number | undefined
  let lastX = 0
  let isDrag = false
  const room = () => canvas.clientWidth - gutter
  canvas.addEventListener('pointerdown', event => {
    pressedX = lastX = event.offsetX
    isDrag = false
    canvas.setPointerCapture(event.pointerId)
  })
  canvas.addEventListener('pointermove', event => {
    if (pressedX === undefined) {
      wishes.hover(event.offsetX, event.offsetY)
      return
    }
    isDrag ||= Math.abs(event.offsetX - pressedX) > 3
    if (isDrag) wishes.pan((lastX - event.offsetX) / room())
    lastX = event.offsetX
  })
  canvas.addEventListener('pointerup', event => {
    if (pressedX !== undefined && !isDrag) wishes.pick(event.offsetX, event.offsetY)
    pressedX = undefined
  })
  canvas.addEventListener('pointercancel', () => (pressedX = undefined))
  canvas.addEventListener('pointerleave', () => wishes.hover(-1, -1))
  canvas.addEventListener(
    'wheel',
    event => {
      event.preventDefault()
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
      if (isSideways) wishes.pan((event.deltaX || event.deltaY) / room())
      else wishes.zoom(Math.exp(clampWheel(event.deltaY) * 0.002), (event.offsetX - gutter) / room())
    },
    { passive: false },
  )
}

/** Listens to the pointer over the strip. */
export function listenToStrip(canvas: HTMLCanvasElement, wishes: Wishes): void {
  const jump = (event: PointerEvent) => wishes.jump((event.offsetX - gutter) / (canvas.clientWidth - gutter))
  canvas.addEventListener('pointerdown', event => {
    canvas.setPointerCapture(event.pointerId)
    jump(event)
  })
  canvas.addEventListener('pointermove', event => {
    if (event.buttons === 1) jump(event)
  })
}

/** One notch of any mouse zooms about alike. */
function clampWheel(delta: number): number {
  return Math.max(-240, Math.min(240, delta))
}
