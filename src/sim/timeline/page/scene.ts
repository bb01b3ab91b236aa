/** What all drawing needs to know: the run, the window of time, where things lie, and what is shown of them. */
import type { LabelPlaces } from './labels.js'
import type { LaneLayout } from './lanes.js'
import type { Model } from './model.js'
import type { Palette } from './palette.js'
import type { Surface } from './surface.js'
import type { View } from './view.js'

export interface Scene {
  readonly surface: Surface
  readonly palette: Palette
  readonly model: Model
  readonly layout: LaneLayout
  readonly view: View
  readonly places: LabelPlaces
  /** By client: how many rows its operations take. */
  readonly operationRows: ReadonlyMap<string, number>
  /** What is switched off in the legend. */
  readonly hidden: ReadonlySet<string>
  /** By event: whether the search found it; undefined where nothing is asked. */
  readonly found: Uint8Array | undefined
  /** The selected event, and what led to it. */
  readonly emphasised: ReadonlySet<number>
  readonly hovered: number
}

/** Room on the left for the names of lanes. */
export const gutter = 52

export const labelFont = '11px system-ui, sans-serif'
export const boldFont = 'bold 12px system-ui, sans-serif'
export const smallFont = '10px system-ui, sans-serif'

/** Where a moment lies. */
export function xOf({ view, surface }: Pick<Scene, 'view' | 'surface'>, at: number): number {
  return gutter + ((at - view.from) / (view.to - view.from)) * (surface.width - gutter)
}

/** Whether an event passes the search. */
export function isFound({ found }: Scene, event: number): boolean {
  return found === undefined || (event >= 0 && found[event] === 1)
}

/** Whether an event is to stand out. */
export function isEmphasised({ emphasised, hovered }: Scene, event: number): boolean {
  return event >= 0 && (event === hovered || emphasised.has(event))
}

/** The text cut so that it fits a width, '' where not even a few letters do. */
export function fitted(surface: Surface, text: string, font: string, width: number): string {
  if (surface.measure(text, font) <= width) return text
  let length = Math.min(text.length, Math.floor(width / 4))
  while (length > 2 && surface.measure(`${text.slice(0, length)}…`, font) > width) length--
  return length > 2 ? `${text.slice(0, length)}…` : ''
}
