/**
 * Random work, a crash at any moment, again and again on the same directory: everything that was reported durable is
 * there, the log is a prefix of what was written, and term and vote are never older than what was acknowledged.
 * Snapshots are taken and installed meanwhile, each durable at once: the log begins at or before the newest one.
 */
import t from 'tap'
import type { LogPoint } from '../../codec/batch.js'
import type { Entry, HardState } from '../../src/raft/types.js'
import type { OpenedStorage } from '../../src/storage/open-storage.js'
import { entryOf, linesOf, Rig } from './rig.js'

/** What a directory must and may hold after a crash. */
class Model {
  /** The log at the beginning of this life, or at the last reset. */
  private before: readonly Entry[]
  private base: LogPoint
  /** Of all writes of this life, or since the last reset, in order. */
  written: Entry[] = []
  /** Of those, how many are durable. */
  durable = 0
  /** Writes up to this one were outstanding when the log was reset, or durable before. */
  voidWrites = 0
  /** Whether the last reset was reported durable. */
  resetDurable = false
  acknowledged: HardState
  attempted: HardState

  /** Nothing up to here is ever replaced. */
  commitIndex: number

  constructor({ recovered }: OpenedStorage, commitIndex: number) {
    this.commitIndex = commitIndex
    this.before = [...recovered.entries]
    this.base = { index: recovered.baseIndex, term: recovered.baseTerm }
    this.acknowledged = this.attempted = recovered.hardState
  }

  /** The log after the first `count` of the entries written. */
  after(count: number): Entry[] {
    const log = [...this.before]
    for (const entry of this.written.slice(0, count)) {
      log.length = entry.index - 1 - this.base.index
      log.push(entry)
    }
    return log
  }

  get lastIndex(): number {
    return this.base.index + this.after(Infinity).length
  }

  termAt(index: number): number {
    return index === this.base.index ? this.base.term : (this.after(Infinity)[index - 1 - this.base.index]?.term ?? 0)
  }

  /** Whatever is on disk now: together with the snapshot it is this log. */
  reset(snapshot: LogPoint, lastWriteId: number): void {
    this.before = []
    this.base = snapshot
    this.written = []
    this.durable = 0
    this.voidWrites = lastWriteId
    this.resetDurable = false
    this.commitIndex = snapshot.index
  }

  /** Commits all but the last durable entries, as far as nothing that is on its way replaces them. */
  commit(): void {
    const replaced = this.written.slice(this.durable).map(({ index }) => index - 1)
    const mayCommit = Math.min(this.base.index + this.after(this.durable).length - 3, ...replaced)
    this.commitIndex = Math.max(this.commitIndex, mayCommit)
  }

  /** Null, or what a recovery got wrong. */
  judge({ recovered: { entries, hardState, baseIndex, snapshotIndex }, notes }: OpenedStorage): string | null {
    const votes = [this.acknowledged, this.attempted].map(state => JSON.stringify(state))
    if (!votes.includes(JSON.stringify(hardState))) return `vote ${JSON.stringify(hardState)}, not of ${votes.join()}`
    if (baseIndex < this.base.index) return `begins after entry ${baseIndex}, before ${this.base.index}`
    if (baseIndex > snapshotIndex) return `begins after entry ${baseIndex}, behind ${snapshotIndex}`
    if (this.resetDurable && notes.some(note => note.includes('begins anew'))) return 'a durable reset was lost'
    const found = linesOf(entries).join()
    for (let count = this.durable; count <= this.written.length; count++) {
      if (linesOf(this.after(count).slice(baseIndex - this.base.index)).join() === found) return null
    }
    return `log ${found}, with ${this.durable} of ${linesOf(this.written).join()} durable`
  }
}

/** Works at random until the machine is gone or `steps` are done. */
function work(rig: Rig, opened: OpenedStorage, model: Model, steps: number): void {
  const { storage } = opened
  const { prng } = rig
  const ends: number[] = []
  storage.onPersisted = writeId => {
    if (writeId <= model.voidWrites) throw new Error(`write ${writeId} is void`)
    model.durable = ends[writeId - 1] ?? model.durable
    model.commit()
  }
  storage.onFatal = error => {
    throw error
  }
  for (let step = 0; step < steps; step++) {
    if (rig.crashed) return
    const choice = prng.below(12)
    if (choice === 0) {
      const { currentTerm } = model.acknowledged
      const hardState = { currentTerm: currentTerm + 1 + prng.below(2), votedFor: prng.below(4) }
      model.attempted = hardState
      const saved = rig.saveHardState(storage, hardState)
      if (saved) model.acknowledged = hardState
    } else if (choice === 1) {
      rig.clock.runFor(prng.between(0, 40))
    } else if (choice === 2) {
      takeSnapshot(rig, opened, model)
    } else if (choice === 3) {
      if (prng.below(4) === 0) installSnapshot(rig, opened, model, ends.length)
    } else if (model.acknowledged.currentTerm > 0) {
      const conflicts = prng.below(5) === 0
      const next = model.lastIndex + 1
      const index = conflicts ? Math.min(next, Math.max(model.commitIndex + 1, next - 1 - prng.below(6))) : next
      const count = 1 + prng.below(4)
      const entries = Array.from({ length: count }, (_, i) =>
        entryOf(index + i, model.acknowledged.currentTerm, prng.below(400), prng.below(256)),
      )
      model.written.push(...entries)
      ends.push(model.written.length)
      storage.append(ends.length, entries, {
        currentTerm: model.acknowledged.currentTerm,
        commitIndex: model.commitIndex,
      })
      if (prng.below(2) === 0) rig.clock.runFor(prng.between(0, 3))
    }
  }
}

/** Takes a snapshot of what is committed and durable, and lets go of some of the log that it covers. */
function takeSnapshot(rig: Rig, { storage }: OpenedStorage, model: Model): void {
  const index = model.commitIndex
  if (index <= (rig.newestSnapshot?.lastIncludedIndex ?? 0)) return
  rig.newestSnapshot = { lastIncludedIndex: index, lastIncludedTerm: model.termAt(index) }
  storage.compactTo(Math.max(0, index - rig.prng.below(8)))
}

/** Installs a snapshot that the log may not reach, or that it contradicts. */
function installSnapshot(rig: Rig, { storage }: OpenedStorage, model: Model, lastWriteId: number): void {
  const { currentTerm: term } = model.acknowledged
  const index = model.commitIndex + 1 + rig.prng.below(model.lastIndex - model.commitIndex + 12)
  if (term === 0 || model.termAt(index) === term) return
  rig.newestSnapshot = { lastIncludedIndex: index, lastIncludedTerm: term }
  model.reset({ index, term }, lastWriteId)
  storage.reset({ currentTerm: term, commitIndex: index }, index, term, () => {
    if (rig.newestSnapshot?.lastIncludedIndex === index) model.resetDurable = true
  })
  if (rig.prng.below(2) === 0) storage.compactTo(index)
}

/**
 * Several lives of one directory, each ended by a crash at a completion that `pick` says. Returns how many completions
 * each life came to.
 */
function live(seed: number, lives: number, pick: (rig: Rig, life: number) => number, problems: string[]): number[] {
  const rig = new Rig(seed, 2_048)
  let model = null as Model | null
  const completions: number[] = []
  for (let life = 0; life < lives; life++) {
    let left = pick(rig, life)
    completions[life] = 0
    rig.crashNow = () => {
      completions[life]!++
      return left-- === 0
    }
    const { error, opened } = rig.tryOpen()
    if (error !== null) {
      problems.push(`seed ${seed} life ${life}: ${error.message}`)
      return completions
    }
    if (opened !== null) {
      const wrong = model === null ? null : model.judge(opened)
      if (wrong !== null) problems.push(`seed ${seed} life ${life}: ${wrong}`)
      model = new Model(opened, model?.commitIndex ?? 0)
      work(rig, opened, model, 60)
    }
    // The power goes, or the process alone, and then perhaps the power before the next one has mended anything.
    if (rig.prng.below(2) === 0) rig.kill()
    if (rig.prng.below(2) === 0) rig.crash()
    else rig.kill()
  }
  return completions
}

void t.test('a crash at a random completion, in five lives of each of 300 directories', t => {
  const problems: string[] = []
  for (let seed = 1; seed <= 300; seed++) live(seed, 5, rig => rig.prng.below(120), problems)
  t.same(problems, [])
  t.end()
})

void t.test('a crash at every completion of a first start, and of a later life', t => {
  const problems: string[] = []
  const crashEverywhere = (seed: number, crashedLife: number): void => {
    // Every run is the same up to the crash, so it ends when a life is over before the crash is due.
    for (let at = 0, completions = 0; completions >= at; at++) {
      const pick = (_rig: Rig, life: number): number => (life === crashedLife ? at : 90)
      completions = live(seed, crashedLife + 3, pick, problems)[crashedLife] ?? 0
    }
  }
  for (let seed = 1_001; seed <= 1_006; seed++) crashEverywhere(seed, 0)
  for (let seed = 2_001; seed <= 2_003; seed++) crashEverywhere(seed, 1)
  t.same(problems, [])
  t.end()
})
