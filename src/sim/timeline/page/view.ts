/** The window of time that is shown: how it moves, what its axis says, and what stands in the address of the page. */

export interface View {
  readonly from: number
  readonly to: number
}

/** Nothing happens faster than this. */
const spanMinMs = 0.02

/** The view moved and grown into what there is. */
export function clampView({ from, to }: View, endMs: number): View {
  // A little ground on both sides: what happens at the very end can be seen.
  const pad = Math.max(0.5, endMs * 0.01)
  const whole = endMs + 2 * pad
  const span = Math.min(whole, Math.max(spanMinMs, to - from))
  const middle = (from + to) / 2
  const start = Math.min(endMs + pad - span, Math.max(-pad, middle - span / 2))
  return { from: start, to: start + span }
}

/** Makes the span `factor` as long; the moment `around` stays where it is. */
export function zoomView({ from, to }: View, factor: number, around: number): View {
  return { from: around - (around - from) * factor, to: around + (to - around) * factor }
}

/** Moves by a share of the span. */
export function panView({ from, to }: View, share: number): View {
  const by = (to - from) * share
  return { from: from + by, to: to + by }
}

/** The moments of an axis that has room for `count` of them, and how many decimals of a unit their labels need. */
export function axisTicks({ from, to }: View, count: number): { at: number; label: string }[] {
  const rough = (to - from) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find(factor => factor * power >= rough) ?? 10)
  const isSeconds = step >= 100
  const unit = isSeconds ? 1000 : 1
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9))
  const ticks: { at: number; label: string }[] = []
  for (let i = Math.ceil(from / step); i * step <= to; i++) {
    if (i >= 0)
      ticks.push({ at: i * step, label: `${((i * step) / unit).toFixed(decimals)} ${isSeconds ? 's' : 'ms'}` })
  }
  return ticks
}

/** What the address says: `#from=..&to=..&select=n`, times in ms. */
export interface Bookmark {
  readonly view?: View
  /** A step. */
  readonly step?: number
}

/** Reads the part of an address after '#'; what makes no sense is left out. */
export function readBookmark(hash: string): Bookmark {
  const fields = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .map(field => [field.split('=')[0]!, Number(field.split('=')[1] || NaN)]),
  )
  const from = fields.get('from') ?? NaN
  const to = fields.get('to') ?? NaN
  const step = fields.get('select') ?? NaN
  return { ...(to > from ? { view: { from, to } } : {}), ...(Number.isInteger(step) ? { step } : {}) }
}

/** The address of what is shown. */
export function writeBookmark({ from, to }: View, step: number | undefined): string {
  return `#from=${from.toFixed(3)}&to=${to.toFixed(3)}${step === undefined ? '' : `&select=${step}`}`
}
