/** Draws what lies still: the axis, faults and their shade, lanes with their bars of role and term. */
import { axisHeight, faultRowHeight } from './lanes.js'
import { boldFont, fitted, gutter, isEmphasised, isFound, labelFont, smallFont, xOf } from './scene.js'
import type { Scene } from './scene.js'
import type { RoleSpan } from './spans.js'
import { axisTicks } from './view.js'

/** Lines of the axis, the shade of faults, the middle lines of lanes. */
export function drawGround(scene: Scene): void {
  const { surface, palette, layout, model, view } = scene
  const { context } = surface
  for (const band of model.faults) {
    const left = Math.max(gutter, xOf(scene, band.from))
    const right = Math.min(surface.width, xOf(scene, band.to))
    if (right < gutter || left > surface.width || scene.hidden.has('fault')) continue
    context.fillStyle = palette.fault
    const lanes = band.lanes.length > 0 ? band.lanes : layout.lanes.map(({ name }) => name)
    for (const name of lanes) {
      const lane = layout.byName.get(name)
      if (lane !== undefined) context.fillRect(left, lane.top, Math.max(1, right - left), lane.height)
    }
  }
  context.strokeStyle = palette.grid
  context.lineWidth = 1
  for (const { at } of axisTicks(view, (surface.width - gutter) / 110)) {
    const x = Math.round(xOf(scene, at)) + 0.5
    if (x > gutter) surface.line(x, axisHeight - 4, x, layout.height)
  }
  for (const { y } of layout.lanes) surface.line(gutter, Math.round(y) + 0.5, surface.width, Math.round(y) + 0.5)
}

/** The bars of servers; their labels are returned, to be written above all arrows. */
export function drawRoles(scene: Scene): () => void {
  const { surface, palette, layout, model } = scene
  const { context } = surface
  const labels: (() => void)[] = []
  for (const { isServer, y, barHalf } of layout.lanes) {
    if (isServer) scene.places.block({ x: 0, y: y - barHalf, width: surface.width, height: barHalf * 2 })
  }
  for (const span of model.spans) {
    const lane = layout.byName.get(span.lane)
    const left = Math.max(gutter, xOf(scene, span.from))
    const right = Math.min(surface.width, xOf(scene, span.to))
    if (lane === undefined || right < gutter || left > surface.width) continue
    const top = lane.y - lane.barHalf
    const width = Math.max(1, right - left)
    context.fillStyle = palette.conditions[span.condition]
    context.fillRect(left, top, width, lane.barHalf * 2)
    if (span.condition === 'down' || span.condition === 'paused') hatch(scene, left, top, width, lane.barHalf * 2)
    // A short term beside a long one would melt into it.
    if (xOf(scene, span.from) >= gutter) {
      context.fillStyle = palette.ground
      context.fillRect(left, top, 1, lane.barHalf * 2)
    }
    if (isEmphasised(scene, span.event)) {
      context.strokeStyle = palette.selected
      context.lineWidth = 2
      context.strokeRect(left + 1, top + 1, Math.max(1, width - 2), lane.barHalf * 2 - 2)
    }
    surface.target(span.event, left, top, right, top + lane.barHalf * 2, true)
    const label = roleLabel(scene, span, width - 8)
    if (label === undefined) continue
    labels.push(() =>
      surface.text(
        ...([label, left + 4, lane.y, labelFont] as const),
        palette.onConditions[span.condition],
        palette.conditions[span.condition],
      ),
    )
  }
  return () => {
    for (const label of labels) label()
  }
}

function roleLabel({ surface }: Scene, { condition, term }: RoleSpan, width: number): string | undefined {
  const hasTerm = condition !== 'starting' && condition !== 'down' && condition !== 'paused'
  const choices = hasTerm ? [`${condition} · term ${term}`, `${condition} t${term}`, `t${term}`] : [condition]
  return choices.find(choice => surface.measure(choice, labelFont) <= width)
}

function hatch({ surface: { context }, palette }: Scene, x: number, y: number, width: number, height: number): void {
  context.save()
  context.beginPath()
  context.rect(x, y, width, height)
  context.clip()
  context.strokeStyle = palette.faint
  context.lineWidth = 1
  context.beginPath()
  for (let at = x - (x % 7) - height; at < x + width; at += 7) {
    context.moveTo(at, y + height)
    context.lineTo(at + height, y)
  }
  context.stroke()
  context.restore()
}

/** The track of faults below the axis. */
export function drawFaults(scene: Scene): void {
  const { surface, palette, layout, model } = scene
  const { context } = surface
  if (scene.hidden.has('fault')) return
  for (const band of model.faults) {
    const left = Math.max(gutter, xOf(scene, band.from))
    const right = Math.min(surface.width, xOf(scene, band.to))
    if (band.row >= model.faultRows || right < gutter || left > surface.width) continue
    const top = layout.faultsTop + band.row * faultRowHeight
    context.globalAlpha = isFound(scene, band.event) ? 1 : 0.25
    context.fillStyle = palette.faultBar
    context.fillRect(left, top, Math.max(2, right - left - 1), faultRowHeight - 3)
    if (isEmphasised(scene, band.event)) {
      context.strokeStyle = palette.selected
      context.lineWidth = 2
      context.strokeRect(left + 1, top + 1, Math.max(2, right - left - 3), faultRowHeight - 5)
    }
    const label = fitted(surface, band.what, labelFont, right - left - 10)
    if (label !== '') surface.text(label, left + 4, top + faultRowHeight / 2 - 1, labelFont, palette.text)
    context.globalAlpha = 1
    surface.target(band.event, left, top, right, top + faultRowHeight - 3, true)
  }
}

/** The axis and the names of lanes, and the line where the run ended in a violation. */
export function drawFrame(scene: Scene): void {
  const { surface, palette, layout, model, view } = scene
  const { context } = surface
  context.fillStyle = palette.ground
  context.fillRect(0, 0, gutter - 1, layout.height)
  for (const { name, y } of layout.lanes) surface.text(name, 10, y, boldFont, palette.text)
  if (model.faultRows > 0)
    surface.text('faults', 10, layout.faultsTop + faultRowHeight / 2 - 1, smallFont, palette.faint)
  surface.text('time', 10, axisHeight / 2, smallFont, palette.faint)
  for (const { at, label } of axisTicks(view, (surface.width - gutter) / 110)) {
    const x = xOf(scene, at) - surface.measure(label, labelFont) / 2
    if (x < gutter || x + surface.measure(label, labelFont) > surface.width) continue
    surface.text(label, x, axisHeight / 2, labelFont, palette.faint)
  }
  const { violation, violationEvent } = model
  if (violation === undefined) return
  const x = xOf(scene, violation.at)
  if (x < gutter || x > surface.width) return
  context.strokeStyle = palette.lost
  context.lineWidth = 3
  surface.line(x, axisHeight, x, layout.height)
  surface.target(violationEvent, x, axisHeight, x, layout.height)
}
