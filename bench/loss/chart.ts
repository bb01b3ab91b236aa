/** The rates of a comparison as a picture: for each system, the share of its lossless rate that is left at each loss. */
import type { Row } from './summary.js'

const width = 640
const height = 400
const margin = { left: 64, right: 120, top: 40, bottom: 56 }
const plot = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }

const labelHeight = 15

/** Can be told apart without seeing colours, too: from light to dark they differ, and every line bears its name. */
const colours = ['#0b6e4f', '#c8553d', '#3d5a98', '#8a6d1d']

/** An SVG document; systems that were measured at one loss only are left out. */
export function lossChart(rows: readonly Row[], caption: string): string {
  const lossMax = Math.max(1, ...rows.map(({ lossPercent }) => lossPercent))
  const x = (lossPercent: number) => round(margin.left + (plot.width * lossPercent) / lossMax)
  const y = (share: number) => round(margin.top + plot.height * (1 - Math.min(share, 1)))
  const systems = [...new Set(rows.map(({ system }) => system))]
  const lines = systems
    .map(system => rows.filter(row => row.system === system && row.shareOfLossless !== null))
    .filter(points => points.length > 1)
    .map((points, at) => line(points, colours[at % colours.length]!, x, y))
  const labels = spread(lines.map(({ labelY }) => labelY))
  const losses = [...new Set(rows.map(({ lossPercent }) => lossPercent))]
  const acrossTicks = losses.map(loss => text(x(loss), height - margin.bottom + 18, 'middle', String(loss)))
  const upTicks = [0, 0.25, 0.5, 0.75, 1].map(
    share =>
      `<path d="M${margin.left} ${y(share)}h${plot.width}" stroke="#ddd"/>` +
      text(margin.left - 8, y(share) + 4, 'end', `${100 * share} %`),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${text(margin.left, 22, 'start', 'Puts per second under packet loss, as a share of those without')}
${[...upTicks, ...acrossTicks].join('\n')}
${text(margin.left + plot.width / 2, height - 18, 'middle', '% of packets lost, in each direction of each link')}
${text(width - 8, height - 4, 'end', caption, 9)}
${lines.map(({ drawn, label, colour }, at) => `${drawn}\n${text(width - margin.right + 8, labels[at]! + 4, 'start', label, 12, colour)}`).join('\n')}
</svg>
`
}

type Scale = (value: number) => number

function line(points: readonly Row[], colour: string, x: Scale, y: Scale) {
  const places = points.map(({ lossPercent, shareOfLossless }) => [x(lossPercent), y(shareOfLossless!)] as const)
  const dots = places.map(
    ([across, up], at) =>
      `<circle cx="${across}" cy="${up}" r="3.5" fill="${colour}"><title>${rateOf(points[at]!)}</title></circle>`,
  )
  const path = `<path d="M${places.map(place => place.join(' ')).join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`
  const last = points.at(-1)!
  return {
    drawn: [path, ...dots].join('\n'),
    label: `${last.system} ${rateOf(last)}`,
    labelY: places.at(-1)![1],
    colour,
  }
}

/** The same heights, moved up where two would lie on one another; the lowest stays. */
function spread(heights: readonly number[]): number[] {
  const placed = [...heights]
  const fromBelow = heights.map((_, at) => at).sort((a, b) => heights[b]! - heights[a]!)
  for (const [order, at] of fromBelow.entries()) {
    const below = fromBelow[order - 1]
    if (below !== undefined) placed[at] = Math.min(placed[at]!, placed[below]! - labelHeight)
  }
  return placed
}

function rateOf({ opsPerSec }: Row): string {
  return `${Math.round(opsPerSec).toLocaleString('en-US')}/s`
}

function text(x: number, y: number, anchor: string, words: string, size = 12, colour = '#222'): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${colour}">${escaped}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
