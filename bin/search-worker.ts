/** The work of `search`, in a thread of its own: it computes without a pause, and a signal could not be heard meanwhile. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { SearchCounts, SearchResult } from '../src/sim/search/options.js'
import { presets } from '../src/sim/search/presets.js'
import { search } from '../src/sim/search/search.js'

export interface SearchTask {
  /** Names of presets, in the order in which they are searched. */
  readonly presets: readonly string[]
  /** undefined: as the preset says. */
  readonly statesMax: number | undefined
}

export type SearchNews =
  | { readonly news: 'progress'; readonly preset: string; readonly counts: SearchCounts }
  | { readonly news: 'done'; readonly preset: string; readonly result: SearchResult; readonly cpuS: number }

if (!isMainThread) perform(workerData as SearchTask)

function perform({ presets: names, statesMax }: SearchTask): void {
  const tell = (news: SearchNews): void => parentPort?.postMessage(news)
  for (const { name, options } of presets) {
    if (!names.includes(name)) continue
    const before = process.cpuUsage()
    const bound = statesMax === undefined ? {} : { statesMax }
    const onProgress = (counts: SearchCounts): boolean => {
      tell({ news: 'progress', preset: name, counts })
      return true
    }
    const result = search({ ...options, ...bound, onProgress })
    const { user, system } = process.cpuUsage(before)
    tell({ news: 'done', preset: name, result, cpuS: (user + system) / 1e6 })
    if (result.violation !== null) return
  }
}
