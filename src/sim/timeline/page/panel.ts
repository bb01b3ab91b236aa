/** The panel beside the drawing: the full text of an event, what led to it, what happened with it and because of it. */
import type { TraceEvent } from '../../trace.js'
import type { Causes } from './causes.js'
import { describeEvent, timeText } from './describe.js'
import { element } from './dom.js'

/** How far back a chain is told, and how many effects. */
export const chainMax = 40
const othersMax = 30

export class Panel {
  private readonly root: HTMLElement
  private readonly events: readonly TraceEvent[]
  private readonly causes: Causes
  private readonly onPick: (event: number) => void

  constructor(root: HTMLElement, events: readonly TraceEvent[], causes: Causes, onPick: (event: number) => void) {
    this.root = root
    this.events = events
    this.causes = causes
    this.onPick = onPick
  }

  /** Shows an event; -1 shows how the page is used. */
  show(index: number): void {
    const event = this.events[index]
    this.root.replaceChildren(...(event === undefined ? usage() : this.tell(event, index)))
    this.root.scrollTop = 0
  }

  private tell(event: TraceEvent, index: number): HTMLElement[] {
    const chain = this.causes.chain(index, chainMax)
    return [
      element('h2', '', describeEvent(event)),
      fieldTable(event),
      ...this.list('Because of', chain, event.cause === 0 ? 'the plan of the run' : 'nothing that the trace holds'),
      ...this.list('In the same step', this.causes.companions(index)),
      ...this.list('Led to', this.causes.effectsOf(index)),
    ]
  }

  private list(title: string, indexes: readonly number[], none?: string): HTMLElement[] {
    if (indexes.length === 0) {
      return none === undefined ? [] : [element('h3', '', title), element('p', 'faint', none)]
    }
    const items = indexes.slice(0, Math.max(chainMax, othersMax)).map(index => {
      const event = this.events[index]!
      const button = element('button', 'event', element('span', 'when', timeText(event.at)), describeEvent(event))
      button.addEventListener('click', () => this.onPick(index))
      return element('li', '', button)
    })
    const list = element('ol', '', ...items)
    const more = indexes.length - items.length
    if (more > 0) list.append(element('li', 'faint', `and ${more} more`))
    return [element('h3', '', `${title} (${indexes.length})`), list]
  }
}

function fieldTable(event: TraceEvent): HTMLElement {
  const table = element('table', '')
  const row = (name: string, value: HTMLElement | string) =>
    table.append(element('tr', '', element('th', '', name), element('td', '', value)))
  row('time', timeText(event.at))
  row('step', event.cause === 0 ? `${event.n}, by the plan of the run` : `${event.n}, caused by ${event.cause}`)
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (name === 'n' || name === 'at' || name === 'cause') continue
    if (name === 'messages') {
      row(name, element('ol', 'messages', ...(value as string[]).map(message => element('li', '', message))))
    } else if (value !== '') row(name, Array.isArray(value) ? value.join(', ') : String(value))
  }
  return table
}

function usage(): HTMLElement[] {
  const lines = [
    ['wheel', 'zooms around the pointer'],
    ['drag', 'moves through time; on the strip, to anywhere'],
    ['click', 'shows an event, its causes and effects'],
    ['← →', 'move'],
    ['+ −', 'zoom'],
    ['Home End', 'first and last moment'],
    ['0', 'the whole run'],
    ['/', 'searches; Enter goes to the next that is found'],
    ['c', 'goes to the cause of what is selected'],
    ['Esc', 'forgets search and selection'],
  ] as const
  const table = element('table', '')
  for (const [key, does] of lines) table.append(element('tr', '', element('th', '', key), element('td', '', does)))
  return [
    element('h2', '', 'Nothing selected'),
    element('p', 'faint', 'Point at anything to read it here; click to keep it.'),
    table,
  ]
}
