/**
 * The disk of one simulated machine: the memory disk of storage with a pace, with moods (slow, stalled, full, failing,
 * rotting, lying), and with named points at which the power goes. It outlives the processes that use it.
 */
import { decodeHardStateSlot, hardStateSlotOffsets } from '../../codec/hard-state.js'
import type { Prng } from '../base/prng.js'
import type { HardState } from '../raft/types.js'
import type { SimOperation } from '../storage/disk-sim.js'
import { SimDisk } from '../storage/disk-sim.js'
import { stepKinds } from './clock.js'
import { workOf } from './crash-points.js'
import type { Kernel, Life } from './kernel.js'
import type { Tally } from './tally.js'

export interface MachineDiskOptions {
  readonly kernel: Kernel
  readonly prng: Prng
  readonly tally: Tally
  /** An operation takes a time of [fromMs, toMs), and its bytes a microsecond per kilobyte more. */
  readonly fromMs: number
  readonly toMs: number
  readonly lies: boolean
  /** The power goes, at the named point. */
  readonly crash: (point: string) => void
  /** An operation ended; for a trace. */
  readonly onEnd: (operation: SimOperation, outcome: string) => void
}

/** Where the latest batch stands: what stands before it was proven durable by it. */
interface Written {
  readonly path: string
  readonly offset: number
}

const bytesPerMs = 1_000_000

/** Work that shows what a run exercised, and how the table calls it. */
const countedWorks = new Map([
  ['snapshot named', 'snapshot: taken'],
  ['received snapshot named', 'snapshot: received'],
  ['reset', 'log: resets'],
  ['segment set aside', 'log: segments set aside'],
  ['spare segment header', 'log: segments used again'],
])

/** How long a disk that lies keeps what it called durable in a cache. */
const lieMs = 500

export class MachineDisk {
  readonly disk: SimDisk
  /** Operations take so many times as long. */
  slowness = 1
  /** And those on the log as many times as long again: a snapshot may be durable before the log up to it is. */
  logSlowness = 1
  /** No operation completes before this time. */
  stalledUntilMs = 0
  /** The next write, sync or read fails, and all that follow: the medium is gone. */
  isFailing = false
  /** The power goes at this point, when it is met for the `skip`th time. */
  armed: { readonly point: string; skip: number } | null = null
  private readonly options: MachineDiskOptions
  private life: Life | null = null
  /** Ends of the operations that take longer than those of a sound disk, in the order given. */
  private readonly held = new Set<() => void>()
  private lastBatch: Written | null = null

  constructor(options: MachineDiskOptions) {
    this.options = options
    this.disk = new SimDisk({
      prng: options.prng,
      schedule: (complete, operation) => this.schedule(complete, operation),
    })
    this.disk.lies = options.lies
    this.disk.fault = operation => this.faultOf(operation)
  }

  /** No file may grow. */
  get isFull(): boolean {
    return this.disk.capacityBytes === 0
  }

  set isFull(isFull: boolean) {
    this.disk.capacityBytes = isFull ? 0 : Infinity
  }

  /** It is neither slow nor stalled any more, and what that held up completes. */
  mend(): void {
    const { kernel } = this.options
    this.slowness = 1
    this.stalledUntilMs = 0
    for (const end of this.held) kernel.at(kernel.nowMs, this.life, stepKinds.disk, end)
    this.held.clear()
  }

  /** What is asked for from now on belongs to this life of the process. */
  begin(life: Life): void {
    if (this.options.lies && this.life === null) this.settleEachWhile()
    this.life = life
    this.held.clear()
    this.lastBatch = null
  }

  /** The power goes. */
  crash(): void {
    this.armed = null
    this.disk.crash()
  }

  /** Another disk, with nothing on it. */
  erase(): void {
    for (const path of this.disk.paths()) this.disk.erase(path)
    this.lastBatch = null
  }

  /** The hard state that a crash would leave: the newer of the slots that are durable; null where there is none yet. */
  get hardState(): HardState | null {
    const bytes = this.disk.durableContents('data/hard-state')
    if (bytes === null) return null
    const slots = hardStateSlotOffsets.map(offset => decodeHardStateSlot(bytes, offset)).filter(slot => slot !== null)
    if (slots.length === 0) return null
    return slots.reduce((newer, slot) => (slot.sequence > newer.sequence ? slot : newer)).hardState
  }

  /**
   * Flips a bit of the log that later batches prove to have been durable, of one slot of the hard state, or of the newest
   * snapshot: damage that must be noticed. False: there is nothing of the kind.
   */
  rot(prng: Prng): boolean {
    if (prng.below(4) === 0) {
      this.disk.flipBit('data/hard-state', hardStateSlotOffsets[prng.below(2)]! + prng.below(48), prng.below(8))
      return true
    }
    const snapshot = prng.below(3) === 0 ? this.newestSnapshot : undefined
    if (snapshot !== undefined) {
      this.disk.flipBit(snapshot, prng.below(this.disk.contents(snapshot)!.length), prng.below(8))
      this.options.tally.add('disk: bit of a snapshot flipped')
      return true
    }
    if (this.lastBatch === null) return false
    const { path, offset } = this.lastBatch
    this.disk.flipBit(path, prng.below(offset), prng.below(8))
    return true
  }

  private get newestSnapshot(): string | undefined {
    return this.disk
      .paths()
      .filter(path => path.endsWith('.snapshot'))
      .sort()
      .at(-1)
  }

  private settleEachWhile(): void {
    const { kernel } = this.options
    kernel.at(kernel.nowMs + lieMs, null, stepKinds.disk, () => {
      this.disk.settle()
      this.settleEachWhile()
    })
  }

  private schedule(complete: () => void, operation: SimOperation): void {
    const { kernel, prng, fromMs, toMs } = this.options
    const slowness = operation.path.endsWith('.log') ? this.slowness * this.logSlowness : this.slowness
    const tookMs = prng.between(fromMs, toMs) * slowness + operation.bytes / bytesPerMs
    const atMs = Math.max(kernel.nowMs + tookMs, this.stalledUntilMs)
    const { life } = this
    kernel.note(operation.bytes + operation.offset)
    let isOver = false
    const end = (): void => {
      if (isOver) return
      isOver = true
      this.held.delete(end)
      const work = workOf(operation)
      if (work === null) return complete()
      if (this.meets(`during ${work}`)) return
      complete()
      if (life?.isOver === true) return
      this.noteWrite(work, operation)
      this.meets(`after ${work}`)
    }
    kernel.at(atMs, life, stepKinds.disk, end)
    if (this.slowness > 1 || atMs === this.stalledUntilMs) this.held.add(end)
  }

  /** Whether the power goes here. */
  private meets(point: string): boolean {
    const { armed } = this
    if (armed?.point !== point || armed.skip-- > 0) return false
    this.armed = null
    this.options.tally.add(`crash: ${point}`)
    this.options.crash(point)
    return true
  }

  private noteWrite(work: string, { path, offset }: SimOperation): void {
    if (work === 'batch' || work === 'seal' || work === 'reset') this.lastBatch = { path, offset }
  }

  private faultOf(operation: SimOperation): string | null {
    const code = this.codeOf(operation)
    const counted = countedWorks.get(workOf(operation) ?? '')
    if (code !== null) this.options.tally.add(`disk: ${code}`)
    else if (counted !== undefined) this.options.tally.add(counted)
    this.options.onEnd(operation, code ?? 'ok')
    return code
  }

  private codeOf({ kind, grows }: SimOperation): string | null {
    if (this.isFailing && (kind === 'write' || kind === 'sync' || kind === 'read')) return 'EIO'
    return this.isFull && grows ? 'ENOSPC' : null
  }
}
