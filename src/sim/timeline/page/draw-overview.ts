/** Draws the whole run on a strip: roles by colour, faults as bands, outcomes of operations, and where the window is. */
import type { Model } from './model.js'
import type { Palette } from './palette.js'
import { gutter, smallFont, xOf } from './scene.js'
import type { Surface } from './surface.js'
import type { View } from './view.js'
import { axisTicks, clampView } from './view.js'

const rowHeight = 13
const axisRoom = 14
const outcomesHeight = 9

/** How high the strip of a run is. */
export function overviewHeight({ servers, clients }: Model): number {
  return axisRoom + servers.length * rowHeight + (clients.length > 0 ? outcomesHeight + 3 : 0) + 4
}

/** The view that the strip shows. */
export function wholeView({ endMs }: Model): View {
  return clampView({ from: -endMs, to: 2 * endMs }, endMs)
}

/** Draws the strip as wide as `width`. */
export function drawOverview(surface: Surface, model: Model, palette: Palette, view: View, width: number): void {
  const height = overviewHeight(model)
  surface.clear(width, height, palette.ground)
  const { context } = surface
  const scene = { surface, view: wholeView(model) }
  const rowTop = new Map(model.servers.map((name, row) => [name, axisRoom + row * rowHeight]))
  for (const { lane, from, to, condition } of model.spans) {
    const left = xOf(scene, from)
    const right = xOf(scene, to)
    const top = rowTop.get(lane)!
    context.fillStyle = palette.conditions[condition]
    context.fillRect(left, top, Math.max(1, right - left), rowHeight - 2)
  }
  for (const { from, to, lanes } of model.faults) {
    const left = xOf(scene, from)
    const width = Math.max(1, xOf(scene, to) - left)
    const rows = lanes.length === 0 ? model.servers : lanes
    for (const name of rows) {
      const top = rowTop.get(name)
      if (top === undefined) continue
      context.fillStyle = palette.fault
      context.fillRect(left, top, width, rowHeight - 2)
      context.fillStyle = palette.lost
      context.fillRect(left, top + rowHeight - 2, width, 1)
    }
  }
  drawOutcomes(scene, model, palette)
  for (const name of model.servers) surface.text(name, 10, rowTop.get(name)! + 5, smallFont, palette.faint)
  for (const { at, label } of axisTicks(scene.view, (width - gutter) / 110)) {
    const x = xOf(scene, at)
    if (x + surface.measure(label, smallFont) < width) surface.text(label, x, 6, smallFont, palette.faint)
  }
  drawWindow(scene, palette, view, height)
  for (const { lane, from, to, condition, term } of model.spans) {
    const room = xOf(scene, to) - xOf(scene, from) - 6
    if (condition !== 'leader' || surface.measure(`t${term}`, smallFont) > room) continue
    surface.text(`t${term}`, xOf(scene, from) + 3, rowTop.get(lane)! + 5, smallFont, palette.onConditions.leader)
  }
}

/** One row for all clients: green where operations end well, red and purple ticks where they do not. */
function drawOutcomes(scene: { surface: Surface; view: View }, model: Model, palette: Palette): void {
  const { context } = scene.surface
  if (model.clients.length === 0) return
  const top = axisRoom + model.servers.length * rowHeight + 2
  for (const outcome of ['ok', 'open', 'unknown', 'fail'] as const) {
    context.fillStyle = palette.outcomes[outcome]
    for (const bar of model.operations) {
      if (bar.outcome === outcome) context.fillRect(xOf(scene, bar.to) - 0.5, top, 1, outcomesHeight)
    }
  }
  scene.surface.text('clients', 10, top + outcomesHeight / 2, smallFont, palette.faint)
}

function drawWindow(scene: { surface: Surface; view: View }, palette: Palette, view: View, height: number): void {
  const { context, width } = scene.surface
  const left = Math.max(gutter, xOf(scene, view.from))
  const right = Math.max(left + 3, Math.min(width, xOf(scene, view.to)))
  context.globalAlpha = 0.35
  context.fillStyle = palette.ground
  context.fillRect(gutter, axisRoom - 2, left - gutter, height)
  context.fillRect(right, axisRoom - 2, width - right, height)
  context.globalAlpha = 1
  context.strokeStyle = palette.selected
  context.lineWidth = 1.5
  context.strokeRect(left, axisRoom - 3, right - left, height - axisRoom + 2)
}
