/** Draws datagrams: one arrow each while there are few enough to follow, else how many left each server over time. */
import { shareOfWay } from './arrows.js'
import type { Arrow } from './arrows.js'
import { gutter, isEmphasised, isFound, labelFont, xOf } from './scene.js'
import type { Scene } from './scene.js'

/** More arrows than this in one window are a cloth, not a drawing. */
const arrowsMax = 700
/** Above this many, labels would only be luck. */
const labelledMax = 260
const labelsMax = 120
/** Where along an arrow its label may stand. */
const sharesOfArrow = [0.5, 0.38, 0.62, 0.26, 0.74, 0.16, 0.84]
const trafficHeight = 22
const trafficWidth = 3

interface Placed {
  readonly arrow: Arrow
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** Draws what is in the window; returns how many datagrams that is, and what writes their labels when marks have theirs. */
export function drawArrows(scene: Scene): { datagrams: number; writeLabels: () => void } {
  const { model, view } = scene
  const visible = model.arrows.filter(
    arrow => arrow.sentAt <= view.to && visibleEnd(scene, arrow) >= view.from && isArrowShown(scene, arrow),
  )
  if (visible.length > arrowsMax) {
    drawTraffic(scene, visible)
    // What is selected stays a drawing.
    for (const arrow of visible) if (isArrowEmphasised(scene, arrow)) drawArrow(scene, placeArrow(scene, arrow), 1)
    return { datagrams: visible.length, writeLabels: () => undefined }
  }
  const strength = visible.length < 150 ? 0.9 : 0.6
  const placed = visible.map(arrow => placeArrow(scene, arrow))
  for (const one of placed) drawArrow(scene, one, strength)
  for (const one of placed) if (isArrowEmphasised(scene, one.arrow)) drawArrow(scene, one, 1)
  labelLosses(scene, placed)
  return {
    datagrams: visible.length,
    writeLabels: () => {
      if (visible.length <= labelledMax) labelArrows(scene, placed)
    },
  }
}

function visibleEnd({ model }: Scene, { outcome, sentAt, endAt }: Arrow): number {
  return outcome === 'delivered' ? endAt : Math.max(sentAt + model.usualFlightMs, outcome === 'flying' ? 0 : endAt)
}

function isArrowShown(scene: Scene, arrow: Arrow): boolean {
  const kind = arrow.outcome === 'lost' ? 'lost' : arrow.mangled !== '' ? 'mangled' : undefined
  if (scene.hidden.has(arrow.family) || (kind !== undefined && scene.hidden.has(kind))) return false
  return scene.found === undefined || isFound(scene, arrow.send) || isFound(scene, arrow.end)
}

function isArrowEmphasised(scene: Scene, { send, end }: Arrow): boolean {
  return isEmphasised(scene, send) || isEmphasised(scene, end)
}

/** From edge to edge of two bars; a lost one ends on the way, at the usual speed. */
function placeArrow(scene: Scene, arrow: Arrow): Placed {
  const { layout, model } = scene
  const from = layout.byName.get(arrow.from)
  const to = layout.byName.get(arrow.to)
  const y1 = from?.y ?? 0
  const y2 = to?.y ?? 0
  const down = y2 >= y1 ? 1 : -1
  const start = { x: xOf(scene, arrow.sentAt), y: y1 + down * (from?.barHalf ?? 0) }
  const stop = { x: xOf(scene, visibleEnd(scene, arrow)), y: y2 - down * (to?.barHalf ?? 0) }
  const usual = xOf(scene, arrow.sentAt + model.usualFlightMs)
  if (arrow.outcome === 'flying') stop.x = usual
  const share = arrow.outcome === 'delivered' ? 1 : shareOfWay(arrow.why)
  return {
    arrow,
    x1: start.x,
    y1: start.y,
    x2: start.x + (stop.x - start.x) * share,
    y2: start.y + (stop.y - start.y) * share,
  }
}

function drawArrow(scene: Scene, placed: Placed, strength: number): void {
  const { surface, palette } = scene
  const { context } = surface
  const { arrow, x1, y1, x2, y2 } = placed
  const isStrong = isArrowEmphasised(scene, arrow)
  const colour = isStrong
    ? palette.selected
    : arrow.outcome === 'lost'
      ? palette.lost
      : arrow.mangled !== ''
        ? palette.mangled
        : palette.families[arrow.family]
  context.globalAlpha = strength
  context.strokeStyle = colour
  context.fillStyle = colour
  context.lineWidth = isStrong ? 2.5 : 1.2
  if (arrow.outcome === 'flying') context.setLineDash([5, 3])
  else if (arrow.mangled !== '') context.setLineDash([9, 2])
  surface.line(x1, y1, x2, y2)
  context.setLineDash([])
  if (arrow.outcome === 'lost') cross(scene, x2, y2, 4)
  else if (arrow.outcome === 'delivered') head(context, x1, y1, x2, y2)
  context.globalAlpha = 1
  surface.target(arrow.send >= 0 && arrow.outcome !== 'lost' ? arrow.send : arrow.end, x1, y1, x2, y2)
}

function cross({ surface: { context } }: Scene, x: number, y: number, half: number): void {
  context.lineWidth = 2.2
  context.beginPath()
  context.moveTo(x - half, y - half)
  context.lineTo(x + half, y + half)
  context.moveTo(x - half, y + half)
  context.lineTo(x + half, y - half)
  context.stroke()
}

function head(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  const angle = Math.atan2(y2 - y1, x2 - x1)
  context.beginPath()
  context.moveTo(x2, y2)
  for (const turn of [0.4, -0.4]) context.lineTo(x2 - 7 * Math.cos(angle + turn), y2 - 7 * Math.sin(angle + turn))
  context.fill()
}

function labelLosses(scene: Scene, placed: readonly Placed[]): void {
  const { surface, palette, places } = scene
  for (const { arrow, x2, y2 } of placed) {
    if (arrow.outcome === 'lost') places.block({ x: x2 - 5, y: y2 - 5, width: 10, height: 10 })
  }
  for (const { arrow, x2, y2 } of placed) {
    if (arrow.outcome !== 'lost') continue
    const width = surface.measure(arrow.why, labelFont)
    const box = places.take([-7, 7, -18, 18].map(dy => ({ x: x2 + 7, y: y2 + dy - 7, width: width + 2, height: 13 })))
    if (box !== undefined) surface.text(arrow.why, box.x, box.y + 7, labelFont, palette.lost, palette.ground)
  }
}

/** The first message of each datagram beside its arrow, as far as there is room; what is selected goes first. */
function labelArrows(scene: Scene, placed: readonly Placed[]): void {
  const { surface, palette, places, model } = scene
  const first = placed.filter(({ arrow }) => isArrowEmphasised(scene, arrow))
  let labels = 0
  for (const { arrow, x1, y1, x2, y2 } of [...first, ...placed.filter(one => !first.includes(one))]) {
    const send = model.events[arrow.send]
    if (send?.kind !== 'send' || labels >= labelsMax) continue
    const more = send.messages.length > 1 ? ` +${send.messages.length - 1}` : ''
    const how = arrow.mangled === '' ? '' : ` [${arrow.mangled}]`
    const label = `${(send.messages[0] ?? `${send.bytes} bytes`).slice(0, 60)}${more}${how}`
    const width = surface.measure(label, labelFont)
    const box = places.take(
      sharesOfArrow.flatMap(share => {
        const x = x1 + (x2 - x1) * share
        const y = y1 + (y2 - y1) * share - 7
        // Beside the arrow, on the side to which it does not lean.
        return [x + 6, x - width - 6].map(left => ({ x: left, y, width: width + 2, height: 14 }))
      }),
    )
    if (box === undefined) continue
    labels++
    const colour = isArrowEmphasised(scene, arrow) ? palette.text : palette.faint
    surface.text(label, box.x, box.y + 7, labelFont, colour, palette.ground)
  }
}

/** How many datagrams left each lane, lost ones apart, in bars of a few pixels. */
function drawTraffic(scene: Scene, visible: readonly Arrow[]): void {
  const { surface, palette, layout } = scene
  const columns = Math.ceil((surface.width - gutter) / trafficWidth)
  const sent = new Map(layout.lanes.map(({ name }) => [name, new Uint32Array(columns)]))
  const lost = new Map(layout.lanes.map(({ name }) => [name, new Uint32Array(columns)]))
  let most = 1
  for (const arrow of visible) {
    const column = Math.floor((xOf(scene, arrow.sentAt) - gutter) / trafficWidth)
    const counts = sent.get(arrow.from)
    if (counts === undefined || column < 0 || column >= columns) continue
    most = Math.max(most, ++counts[column]!)
    if (arrow.outcome === 'lost') lost.get(arrow.from)![column]!++
  }
  for (const { name, y, barHalf, isServer } of layout.lanes) {
    if (!isServer) continue
    for (let column = 0; column < columns; column++) {
      const x = gutter + column * trafficWidth
      const bottom = y + barHalf + 3 + trafficHeight
      const tall = (sent.get(name)![column]! / most) * trafficHeight
      const red = (lost.get(name)![column]! / most) * trafficHeight
      surface.context.fillStyle = palette.families.append
      surface.context.fillRect(x, bottom - tall, trafficWidth - 1, tall)
      surface.context.fillStyle = palette.lost
      surface.context.fillRect(x, bottom - red, trafficWidth - 1, red)
    }
  }
}
