/**
 * Writes events as numbers, which takes a fifth of the room of their JSON: steps and times as differences to the event
 * before, and every text as an entry of a table with the numbers that stood in it, since what a run says again and again
 * ('AppendEntries t3 prev 5/2 +2 commit 4') differs in numbers only.
 */
import type { TraceEvent } from '../trace.js'
import { causeIsPlan, fieldsOfKind, ticksPerMs, traceKinds } from './page/fields.js'
import type { FieldForm, TraceKind } from './page/fields.js'

/** No leading zeros and 15 digits at most: what is written as a number comes back as the same digits. */
const digits = /0|[1-9]\d{0,14}/g

/** Encodes the events of one run, in their order. */
export class EventEncoder {
  /** The entries of the table of texts, each as JSON. */
  readonly texts: string[] = []
  private readonly numberOfText = new Map<string, number>()
  private readonly codeOfKind = new Map<TraceKind, number>(traceKinds.map((kind, code) => [kind, code]))
  private n = 0
  private ticks = 0

  /** The numbers of one event. */
  encode(event: TraceEvent): number[] {
    const code = this.codeOfKind.get(event.kind)!
    const ticks = Math.round(event.at * ticksPerMs)
    const cause = event.cause === 0 ? causeIsPlan : event.n - event.cause
    const row = [code, event.n - this.n, ticks - this.ticks, cause]
    this.n = event.n
    this.ticks = ticks
    const values = event as unknown as Record<string, unknown>
    for (const [name, form] of fieldsOfKind[code]!) this.field(row, form, values[name])
    return row
  }

  private field(row: number[], form: FieldForm, value: unknown): void {
    switch (form) {
      case 'number':
        row.push(value as number)
        break
      case 'word':
        row.push(this.entry([value as string]))
        break
      case 'text':
        row.push(this.entry((value as string).split(digits)), ...((value as string).match(digits) ?? []).map(Number))
        break
      case 'words':
      case 'texts': {
        const items = value as string[]
        row.push(items.length)
        for (const item of items) this.field(row, form === 'words' ? 'word' : 'text', item)
      }
    }
  }

  private entry(pieces: readonly string[]): number {
    const json = JSON.stringify(pieces)
    const known = this.numberOfText.get(json)
    if (known !== undefined) return known
    this.numberOfText.set(json, this.texts.length)
    return this.texts.push(json) - 1
  }
}
