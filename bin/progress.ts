/** A progress bar over time on stderr, where that is a terminal. */
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
