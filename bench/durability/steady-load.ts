/** Puts to keys all over the store, so many outstanding all the time, for as long as something is measured. */
import { Prng } from '../../src/base/prng.js'
import { RealClock } from '../../src/base/real-clock.js'
import type { ClientCore } from '../../src/client/client-core.js'
import { openCore } from '../../src/client/connect.js'
import { Load } from '../load.js'
import { keyOf } from './made-directory.js'

/** Different keys that are written. */
const keysMax = 100_000

const requestMsMax = 60_000

export interface LoadShape {
  readonly outstanding: number
  readonly valueBytes: number
  /** Keys of the store. */
  readonly keys: number
}

export class SteadyLoad {
  private readonly core: ClientCore
  private readonly load: Load
  private sinceMs = performance.now()

  private constructor(core: ClientCore, load: Load) {
    this.core = core
    this.load = load
    load.start()
  }

  static async start(endpoints: readonly string[], { outstanding, valueBytes, keys }: LoadShape): Promise<SteadyLoad> {
    const clock = new RealClock()
    const core = await openCore(clock, { endpoints, limits: {}, datagramBytesMax: null })
    const { code } = await new Promise<{ code: string }>(resolve => core.connect(clock.now() + requestMsMax, resolve))
    if (code !== 'ok') throw new Error(`no server answers at ${endpoints.join(', ')}: ${code}`)
    const step = Math.max(1, Math.floor(keys / keysMax))
    const spread = Array.from({ length: Math.max(1, Math.floor(keys / step)) }, (_, at) => keyOf(at * step))
    const prng = new Prng(1)
    const options = {
      kind: 'put',
      concurrency: outstanding,
      valueBytes,
      keys: spread,
      timeoutMs: requestMsMax,
      prng,
    } as const
    return new SteadyLoad(core, new Load(core, clock, options))
  }

  /** What was written since this was asked before. */
  lap(): { readonly puts: number; readonly putsPerSec: number } {
    const puts = this.load.measured.completed
    const putsPerSec = (puts * 1_000) / (performance.now() - this.sinceMs)
    this.load.reset()
    this.sinceMs = performance.now()
    return { puts, putsPerSec }
  }

  async end(): Promise<void> {
    this.load.stop()
    await new Promise<void>(resolve => this.core.close(resolve))
  }
}
