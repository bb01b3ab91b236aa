/** Draws what happened within one process: appends, commits, disks, beginnings and ends; and the bars of clients. */
import { range } from './describe.js'
import type { Mark } from './model.js'
import { fitted, gutter, isEmphasised, isFound, labelFont, smallFont, xOf } from './scene.js'
import type { Scene } from './scene.js'

/** Marks are labelled while there are no more than this many. */
const labelledMax = 160
/** More than this many are ticks, not forms. */
const formedMax = 700
/** A disk that works is shown only when one looks closely. */
const disksMax = 300

/** The marks below the bars of servers. */
export function drawMarks(scene: Scene): void {
  const { model, view, surface, layout, palette, hidden } = scene
  const visible = model.marks.filter(({ at, kind, event }) => {
    return at >= view.from && at <= view.to && !hidden.has(`mark ${kind}`) && isFound(scene, event)
  })
  const disks = visible.reduce((count, { kind }) => count + (kind === 'disk' ? 1 : 0), 0)
  const shown = disks > disksMax ? visible.filter(({ kind }) => kind !== 'disk') : visible
  const lastX = new Map<string, number>()
  for (const mark of shown) {
    const lane = layout.byName.get(mark.lane)
    const x = xOf(scene, mark.at)
    const key = `${mark.lane} ${mark.kind}`
    const isStrong = isEmphasised(scene, mark.event)
    if (lane === undefined || x < gutter || (!isStrong && x - (lastX.get(key) ?? -1) < 1)) continue
    lastX.set(key, x)
    const y = lane.y + lane.barHalf + 8
    surface.context.fillStyle = isStrong ? palette.selected : palette.marks[mark.kind]
    surface.context.strokeStyle = surface.context.fillStyle
    if (shown.length <= formedMax || isStrong || mark.kind === 'life' || mark.kind === 'disk-error') {
      drawShape(surface.context, mark.kind, x, y, lane.y - lane.barHalf, isStrong ? 1.5 : 1)
    } else surface.context.fillRect(x, mark.kind === 'commit' ? y + 1 : y - 5, 1, 4)
    surface.target(mark.event, x, y, x, y)
    scene.places.block({ x: x - 4, y: y - 4, width: 8, height: 8 })
    if (shown.length <= labelledMax || mark.kind === 'life') labelMark(scene, mark, x, y)
  }
}

/** Each kind has a form of its own: triangle, disc, tick, square, flag. */
function drawShape(
  context: CanvasRenderingContext2D,
  kind: Mark['kind'],
  x: number,
  y: number,
  barTop: number,
  scale: number,
): void {
  const size = 4 * scale
  context.beginPath()
  switch (kind) {
    case 'append':
      context.moveTo(x, y - size)
      context.lineTo(x + size, y + size)
      context.lineTo(x - size, y + size)
      context.fill()
      break
    case 'commit':
      context.arc(x, y, size, 0, 2 * Math.PI)
      context.fill()
      break
    case 'disk':
      context.fillRect(x - scale, y - size, 2 * scale, 2 * size)
      break
    case 'disk-error':
      context.fillRect(x - size, y - size, 2 * size, 2 * size)
      break
    case 'life':
      context.lineWidth = 2 * scale
      context.moveTo(x, barTop - 4)
      context.lineTo(x, y + 4)
      context.stroke()
  }
}

function labelMark(scene: Scene, mark: Mark, x: number, y: number): void {
  const { surface, places, palette } = scene
  const label = markLabel(scene, mark)
  if (label === '') return
  const width = surface.measure(label, smallFont)
  const rows = mark.kind === 'life' ? [-32, -44, 14] : [13, 24]
  const box = places.take(
    rows.flatMap(dy =>
      [-width / 2, 3, -width - 3].map(dx => ({ x: x + dx - 2, y: y + dy - 6, width: width + 4, height: 12 })),
    ),
  )
  if (box === undefined) return
  surface.text(label, box.x + 2, box.y + 6, smallFont, palette.marks[mark.kind], palette.ground)
}

function markLabel({ model }: Scene, { event }: Mark): string {
  const what = model.events[event]!
  if (what.kind === 'append') return `+${range(what.from, what.to)}`
  if (what.kind === 'commit') return `c${what.index}`
  if (what.kind === 'disk') return what.outcome === 'ok' ? '' : `${what.operation} ${what.outcome}`
  return what.kind
}

/** The bars of clients, coloured by outcome; one without an answer is a thin line below its lane. */
export function drawOperations(scene: Scene): void {
  const { model, view, surface, layout, palette, hidden } = scene
  const { context } = surface
  if (hidden.has('operation')) return
  for (const bar of model.operations) {
    const lane = layout.byName.get(bar.lane)
    if (lane === undefined || bar.to < view.from || bar.from > view.to || !isFound(scene, bar.event)) continue
    const rows = scene.operationRows.get(bar.lane) ?? 1
    const height = (2 * lane.barHalf) / rows
    const isOpen = bar.outcome === 'open'
    const top = isOpen ? lane.y + lane.barHalf : lane.y - lane.barHalf + bar.row * height
    const tall = isOpen ? 2 : height - 1
    const left = Math.max(gutter, xOf(scene, bar.from))
    const right = Math.max(left + 1, Math.min(surface.width, xOf(scene, bar.to)))
    context.fillStyle = palette.outcomes[bar.outcome]
    context.fillRect(left, top, right - left, tall)
    if (right - left > 4) {
      context.fillStyle = palette.text
      context.fillRect(left, top, 1, tall)
    }
    if (bar.outcome === 'fail' || bar.outcome === 'unknown') {
      context.fillStyle = palette.lost
      context.fillRect(right - 2, top, 2, tall)
    }
    if (isEmphasised(scene, bar.event)) {
      context.strokeStyle = palette.selected
      context.lineWidth = 2
      context.strokeRect(left + 1, top + 1, Math.max(1, right - left - 2), Math.max(1, tall - 2))
    }
    surface.target(bar.event, left, top, right, top + Math.max(4, tall), true)
    const label = height < 12 || isOpen ? '' : fitted(surface, bar.what, labelFont, right - left - 8)
    if (label === '') continue
    const box = { x: left + 4, y: top + height / 2 - 6, width: surface.measure(label, labelFont), height: 12 }
    if (scene.places.take([box]) === undefined) continue
    surface.text(label, box.x, top + height / 2, labelFont, palette.text)
  }
}
