/** Progress bars on stderr, where that is a terminal. */
import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  stop(): void
}

/** `operations` is asked for the count shown beside the bar. */
export function showProgress(durationMs: number, operations: () => number): Progress {
  if (!process.stderr.isTTY) return { stop: () => undefined }
  const seconds = (ms: number) => Math.min(Math.round(ms / 1_000), Math.round(durationMs / 1_000))
  const bar = new SingleBar(
    { format: '{bar} {value}/{total} s  {operations} operations', stream: process.stderr, clearOnComplete: true },
    Presets.shades_classic,
  )
  const startMs = performance.now()
  bar.start(seconds(durationMs), 0, { operations: 0 })
  const timer = setInterval(() => bar.update(seconds(performance.now() - startMs), { operations: operations() }), 200)
  return {
    stop: () => {
      clearInterval(timer)
      bar.stop()
    },
  }
}

export interface CountProgress extends Progress {
  update(done: number): void
}

/** `beside` is asked for numbers to show beside the bar, by name. */
export function showCount(total: number, what: string, beside: () => Readonly<Record<string, number>>): CountProgress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined }
  const names = Object.keys(beside())
  const bar = new SingleBar(
    {
      format: `{bar} {value}/{total} ${what}${names.map(name => `, ${name} {${name}}`).join('')}, {eta_formatted} left`,
      stream: process.stderr,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  bar.start(total, 0, beside())
  return { update: done => bar.update(done, beside()), stop: () => bar.stop() }
}
