/** Begins the page: reads the run that it holds, and joins its parts. */
import { listenToDrawing, listenToKeys, listenToStrip } from './controls.js'
import { decodeEvents } from './decode.js'
import { timeText } from './describe.js'
import { byId, element } from './dom.js'
import type { PageData } from './fields.js'
import { EventFilter } from './filter.js'
import { fillLegend } from './legend.js'
import { firstView, modelOf } from './model.js'
import type { Model } from './model.js'
import { dark, light } from './palette.js'
import { Timeline } from './timeline.js'
import { readBookmark } from './view.js'

begin()

function begin(): void {
  const model = modelOf(decodeEvents(JSON.parse(byId('trace').textContent) as PageData))
  const isDark = matchMedia('(prefers-color-scheme: dark)')
  const palette = () => (isDark.matches ? dark : light)
  const search = byId('search') as HTMLInputElement
  const drawing = byId('drawing') as HTMLCanvasElement
  const strip = byId('strip') as HTMLCanvasElement
  const places = { drawing, strip, panel: byId('panel'), search, count: byId('count') }
  const bookmark = readBookmark(location.hash)
  const timeline = new Timeline(
    ...([model, new EventFilter(model.events), places, palette(), bookmark.view ?? firstView(model)] as const),
  )
  tellRun(model, timeline)
  const legend = () => fillLegend(byId('legend'), timeline.palette, timeline.hidden, () => timeline.redraw())
  legend()
  listenToKeys(timeline)
  listenToDrawing(drawing, timeline)
  listenToStrip(strip, timeline)
  search.addEventListener('input', () => timeline.applySearch())
  search.addEventListener('keydown', event => {
    if (event.key === 'Enter') timeline.goToMatch(event.shiftKey ? -1 : 1)
  })
  byId('next').addEventListener('click', () => timeline.goToMatch(1))
  byId('previous').addEventListener('click', () => timeline.goToMatch(-1))
  byId('closer').addEventListener('click', () => timeline.zoom(0.5))
  byId('farther').addEventListener('click', () => timeline.zoom(2))
  byId('all').addEventListener('click', () => timeline.showAll())
  isDark.addEventListener('change', () => {
    timeline.palette = palette()
    legend()
    timeline.redraw()
  })
  new ResizeObserver(() => timeline.redraw()).observe(drawing.parentElement!)
  if (bookmark.step !== undefined) timeline.selectStep(bookmark.step)
  else if (model.violation !== undefined) timeline.select(model.violationEvent, false)
  timeline.redraw()
}

/** The head of the page: whose run it was, and how it ended. */
function tellRun({ events, violation, violationEvent, endMs }: Model, timeline: Timeline): void {
  const run = events.find(event => event.kind === 'run')
  const facts = run === undefined ? [] : [`seed ${run.seed}`, `${run.servers.length} servers`]
  if (run !== undefined && run.clients.length > 0) facts.push(`${run.clients.length} clients`)
  facts.push(`${(endMs / 1000).toFixed(1)} s`, `${events.length.toLocaleString('en')} events`)
  byId('facts').textContent = facts.join(' · ')
  const verdict = byId('verdict')
  if (violation === undefined) {
    const hasPassed = events.some(event => event.kind === 'end')
    verdict.textContent = hasPassed ? 'Passed: nothing was wrong.' : 'The trace ends before its run.'
    return
  }
  verdict.className = 'violated'
  const name = violation.outcome === 'crash' ? 'Crash' : `${violation.outcome} violated`
  const invariant = violation.invariant === '' ? '' : `: ${violation.invariant}`
  const heading = `${name.charAt(0).toUpperCase()}${name.slice(1)}${invariant} at ${timeText(violation.at)}`
  const link = element('button', 'heading', heading)
  link.title = 'show this moment'
  link.addEventListener('click', () => timeline.select(violationEvent, true))
  verdict.replaceChildren(link, element('span', 'message', violation.message))
}
