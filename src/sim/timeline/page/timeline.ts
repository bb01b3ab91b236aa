/** The page at work: holds what is shown, and draws it anew once a frame when something changed. */
import { Causes } from './causes.js'
import type { Wishes } from './controls.js'
import { drawArrows } from './draw-arrows.js'
import { drawFaults, drawFrame, drawGround, drawRoles } from './draw-lanes.js'
import { drawMarks, drawOperations } from './draw-marks.js'
import { drawOverview, wholeView } from './draw-overview.js'
import type { EventFilter } from './filter.js'
import { LabelPlaces, overlapsAmong } from './labels.js'
import { axisHeight, layLanes } from './lanes.js'
import type { Model } from './model.js'
import type { Palette } from './palette.js'
import { chainMax, Panel } from './panel.js'
import { gutter } from './scene.js'
import { Surface } from './surface.js'
import { clampView, panView, writeBookmark, zoomView } from './view.js'
import type { View } from './view.js'

/** The elements of the page that it fills. */
export interface Places {
  readonly drawing: HTMLCanvasElement
  readonly strip: HTMLCanvasElement
  readonly panel: HTMLElement
  readonly search: HTMLInputElement
  readonly count: HTMLElement
}

/** The address follows the window when it has stood still for this many frames. */
const framesStill = 15

export class Timeline implements Wishes {
  palette: Palette
  /** What is switched off in the legend. */
  readonly hidden = new Set<string>()
  private readonly model: Model
  private readonly places: Places
  private readonly filter: EventFilter
  private readonly causes: Causes
  private readonly panel: Panel
  private readonly drawing: Surface
  private readonly strip: Surface
  private readonly operationRows: ReadonlyMap<string, number>
  private view: View
  private selected = -1
  private hovered = -1
  private emphasised = new Set<number>()
  private matches: number[] | undefined
  private found: Uint8Array | undefined
  private isDue = false
  private stillFrames = framesStill

  constructor(model: Model, filter: EventFilter, places: Places, palette: Palette, view: View) {
    this.model = model
    this.places = places
    this.filter = filter
    this.palette = palette
    this.view = clampView(view, model.endMs)
    this.causes = new Causes(model.events)
    this.panel = new Panel(places.panel, model.events, this.causes, event => this.select(event, true))
    this.drawing = new Surface(places.drawing)
    this.strip = new Surface(places.strip)
    const rows = new Map<string, number>()
    for (const { lane, row } of model.operations) rows.set(lane, Math.max(rows.get(lane) ?? 1, row + 1))
    this.operationRows = rows
    this.panel.show(-1)
  }

  /** Draws at the next frame. */
  redraw(): void {
    if (this.isDue) return
    this.isDue = true
    requestAnimationFrame(() => {
      this.isDue = false
      this.draw()
    })
  }

  /** Selects an event, and brings it into the window where that is wanted. */
  select(event: number, isToBeSeen: boolean): void {
    this.selected = event
    this.emphasised = new Set(event < 0 ? [] : [event, ...this.causes.chain(event, chainMax)])
    this.panel.show(event)
    if (isToBeSeen && event >= 0) {
      const { at } = this.model.events[event]!
      const half = (this.view.to - this.view.from) / 2
      if (at < this.view.from || at > this.view.to) this.move({ from: at - half, to: at + half })
    }
    this.stillFrames = 0
    this.redraw()
  }

  /** Selects what a step began with. */
  selectStep(step: number): void {
    this.select(
      this.model.events.findIndex(({ n }) => n === step),
      true,
    )
  }

  /** Shows only what the field of the search asks for. */
  applySearch(): void {
    this.matches = this.filter.find(this.places.search.value)
    this.found = undefined
    if (this.matches !== undefined) {
      this.found = new Uint8Array(this.model.events.length)
      for (const index of this.matches) this.found[index] = 1
    }
    const { matches } = this
    this.places.count.textContent = matches === undefined ? '' : `${matches.length.toLocaleString('en')} found`
    this.redraw()
  }

  /** Goes to the next event found, or the one before. */
  goToMatch(step: 1 | -1): void {
    const { matches, selected, model, view } = this
    if (matches === undefined || matches.length === 0) return
    const at = model.events[selected]?.at
    const isSeen = at !== undefined && at >= view.from && at <= view.to
    // From what is selected, as long as it is in the window, else from the window's beginning.
    const here = isSeen ? selected : model.events.findIndex(({ at }) => at >= view.from) - step
    const next = step > 0 ? matches.find(index => index > here) : matches.findLast(index => index < here)
    this.select(next ?? (step > 0 ? matches[0]! : matches.at(-1)!), true)
  }

  pan(share: number): void {
    this.move(panView(this.view, share))
  }

  zoom(factor: number, place = 0.5): void {
    const { from, to } = this.view
    this.move(zoomView(this.view, factor, from + (to - from) * Math.max(0, place)))
  }

  goHome(): void {
    this.move(panView(this.view, -(this.view.from + 1) / (this.view.to - this.view.from)))
  }

  goEnd(): void {
    this.move({ from: this.model.endMs - (this.view.to - this.view.from) * 0.95, to: this.model.endMs * 2 })
  }

  showAll(): void {
    this.move(wholeView(this.model))
  }

  search(): void {
    this.places.search.focus()
    this.places.search.select()
  }

  goToCause(): void {
    const cause = this.selected < 0 ? undefined : this.causes.chain(this.selected, 1)[0]
    if (cause !== undefined) this.select(cause, true)
  }

  forget(): void {
    this.places.search.value = ''
    this.places.search.blur()
    this.applySearch()
    this.select(-1, false)
  }

  hover(x: number, y: number): void {
    const event = x < gutter ? -1 : this.drawing.eventAt(x, y)
    if (event === this.hovered) return
    this.hovered = event
    this.places.drawing.style.cursor = event < 0 ? 'grab' : 'pointer'
    this.panel.show(event < 0 ? this.selected : event)
    this.redraw()
  }

  pick(x: number, y: number): void {
    this.select(this.drawing.eventAt(x, y), false)
  }

  jump(place: number): void {
    const whole = wholeView(this.model)
    const at = whole.from + (whole.to - whole.from) * place
    const half = (this.view.to - this.view.from) / 2
    this.move({ from: at - half, to: at + half })
  }

  private move(view: View): void {
    this.view = clampView(view, this.model.endMs)
    this.stillFrames = 0
    this.redraw()
  }

  private draw(): void {
    const { drawing, strip, model, palette, view } = this
    // The strip first: it leaves the drawing its height.
    drawOverview(strip, model, palette, view, this.places.strip.clientWidth)
    const { clientWidth: width, clientHeight: height } = this.places.drawing.parentElement!
    const layout = layLanes(model.servers, model.clients, model.faultRows, height)
    drawing.clear(width, layout.height, palette.ground)
    const bounds = { x: gutter, y: axisHeight, width: width - gutter, height: layout.height - axisHeight }
    const scene = {
      ...{ surface: drawing, palette, model, layout, view, places: new LabelPlaces(bounds) },
      ...{ hidden: this.hidden, found: this.found, emphasised: this.emphasised, hovered: this.hovered },
      operationRows: this.operationRows,
    }
    if (model.faultRows > 0) scene.places.block({ ...bounds, height: layout.lanesTop - axisHeight })
    drawGround(scene)
    const writeRoles = drawRoles(scene)
    drawOperations(scene)
    const { datagrams, writeLabels } = drawArrows(scene)
    drawMarks(scene)
    writeLabels()
    writeRoles()
    drawFrame(scene)
    drawFaults(scene)
    const texts = [...drawing.texts, ...strip.texts]
    const overlaps = overlapsAmong(drawing.texts) + overlapsAmong(strip.texts)
    // What a test, or a curious reader, can ask of the drawing.
    Object.assign(document.documentElement.dataset, { texts: texts.length, overlaps, datagrams })
    this.followInAddress()
  }

  private followInAddress(): void {
    if (this.stillFrames >= framesStill) return
    this.stillFrames++
    if (this.stillFrames < framesStill) {
      requestAnimationFrame(() => {
        if (!this.isDue) this.followInAddress()
      })
      return
    }
    const step = this.selected < 0 ? undefined : this.model.events[this.selected]!.n
    history.replaceState(null, '', writeBookmark(this.view, step))
  }
}
