/**
 * Loaded into a server before its own code (node --import): how long its event loop stands still, and the memory that it
 * takes. On SIGUSR2 it writes a line to stdout with what it saw since the last one.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks'

/** What a line holds. */
export interface Pauses {
  /** The longest time for which a timer that was due had to wait. */
  readonly pauseMs: number
  /** The longest pause for the collection of garbage. */
  readonly collectionMs: number
  readonly rssBytesMax: number
  readonly sinceMs: number
}

const tickMs = 2
const ticksPerMemory = 50

let since = performance.now()
let last = since
let ticks = 0
let pauseMs = 0
let collectionMs = 0
let rssBytesMax = process.memoryUsage.rss()

new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) collectionMs = Math.max(collectionMs, duration)
}).observe({ entryTypes: ['gc'] })

function tick(): void {
  const now = performance.now()
  pauseMs = Math.max(pauseMs, now - last - tickMs)
  if (++ticks % ticksPerMemory === 0) rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss())
  last = now
}

setInterval(tick, tickMs).unref()

process.on('SIGUSR2', () => {
  tick()
  const seen: Pauses = { pauseMs, collectionMs, rssBytesMax, sinceMs: performance.now() - since }
  process.stdout.write(`${JSON.stringify(seen)}\n`)
  since = performance.now()
  pauseMs = collectionMs = 0
  rssBytesMax = process.memoryUsage.rss()
})
