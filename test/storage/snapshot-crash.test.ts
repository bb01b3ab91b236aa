/**
 * The process or the machine ends at every completion of taking, receiving and installing a snapshot, and of clearing
 * away the older one: the next start finds the new snapshot whole, or the state before; and what follows the crash
 * succeeds, also when the power goes once more.
 */
import t from 'tap'
import { decodeSnapshotHeader, snapshotFileBytes } from '../../codec/snapshot.js'
import type { SnapshotReceiver } from '../../src/storage/snapshot-receiver.js'
import type { Snapshots } from '../../src/storage/snapshots.js'
import type { StorageError } from '../../src/storage/storage-error.js'
import { bodyOf, paths, SnapshotRig } from './snapshot-rig.js'

const bodies = new Map([
  [50, bodyOf(100_000, 1)],
  [60, bodyOf(170_000, 2)],
])

const metas = new Map(
  [...bodies].map(([index, body]) => {
    const rig = new SnapshotRig(1)
    return [index, rig.take(rig.openSnapshots(), index, body)!.value!] as const
  }),
)

function received(error: StorageError | null, of: number): string | null {
  return error === null ? null : `receiving ${of} failed: ${error.message}`
}

/** Each makes snapshot 60 out of a directory that has 50, and says null, or what went wrong; null if it was cut short. */
const ways: Record<string, (rig: SnapshotRig, snapshots: Snapshots) => string | null> = {
  take(rig, snapshots) {
    const took = rig.take(snapshots, 60, bodies.get(60)!)
    return took?.error?.message ?? null
  },
  receive(rig, snapshots) {
    const begun = rig.receive(snapshots, metas.get(60)!)
    const receiver: SnapshotReceiver | null = begun?.value ?? null
    if (receiver === null) return received(begun?.error ?? null, 60)
    const sent = rig.send(receiver, bodies.get(60)!)
    if (sent !== 'sent') return sent?.message ?? null
    const installed = rig.wait(got => receiver.install(got))
    if (installed === null) return null
    return installed.value === 'installed' ? null : `not installed: ${String(installed.error)}`
  },
}

function judge(rig: SnapshotRig, snapshots: Snapshots, allowed: readonly number[]): string | null {
  const { newest } = snapshots
  const index = newest?.lastIncludedIndex ?? 0
  if (!allowed.includes(index)) return `snapshot ${index}, not of ${allowed.join()}`
  if (JSON.stringify(newest) !== JSON.stringify(metas.get(index))) return `meta of ${index}`
  if (!Buffer.from(rig.body(snapshots)).equals(bodies.get(index)!)) return `body of ${index}`
  if (rig.disk.contents(paths.taking) !== null) return 'what was being written is still there'
  return null
}

function wholeNames(rig: SnapshotRig): string | null {
  for (const path of rig.disk.paths()) {
    if (!path.endsWith('.snapshot')) continue
    const bytes = rig.fileOf(path)
    const header = decodeSnapshotHeader(bytes)
    if (header === null || header === 'other-version') return `${path} has no header`
    if (bytes.length !== snapshotFileBytes(header.totalBytes)) return `${path} has ${bytes.length} bytes`
  }
  return null
}

/** One directory, crashed at completion `at`; returns what is wrong, and whether the crash came before the end. */
function crashAt(seed: number, way: string, at: number, end: 'kill' | 'crash'): { wrong: string | null; cut: boolean } {
  const rig = new SnapshotRig(seed)
  const first = rig.openSnapshots()
  rig.take(first, 50, bodies.get(50)!)
  let left = at
  rig.crashNow = () => left-- === 0
  let done = false
  const wrong = ways[way]!(rig, first)
  if (!rig.crashed) {
    done = first.newest?.lastIncludedIndex === 60
    rig.wait(got => first.removeOlder(got))
  }
  const cut = rig.crashed
  rig.crashNow = () => false
  if (wrong !== null) return { wrong, cut }
  rig[end]()
  const again = rig.openSnapshots()
  const found = again.newest?.lastIncludedIndex
  const afterStart = wholeNames(rig) ?? judge(rig, again, done ? [60] : [50, 60])
  if (afterStart !== null) return { wrong: afterStart, cut }
  // What a start has found is durable.
  rig.crash()
  const once = rig.openSnapshots()
  const afterCrash = judge(rig, once, [found!])
  if (afterCrash !== null) return { wrong: `once more: ${afterCrash}`, cut }
  const repeated = found === 60 ? null : ways[way]!(rig, once)
  const cleared = rig.wait(got => once.removeOlder(got))
  const names = rig.disk.paths().filter(path => path.startsWith(paths.snapshots))
  const rest = names.length === 1 ? null : `left ${names.join()}`
  return { wrong: repeated ?? judge(rig, once, [60]) ?? cleared?.error?.message ?? rest, cut }
}

for (const way of Object.keys(ways)) {
  for (const end of ['kill', 'crash'] as const) {
    void t.test(`a ${end} at every completion of ${way}`, t => {
      const problems: string[] = []
      let points = 0
      for (let seed = 1; seed <= 8; seed++) {
        for (let at = 0, cut = true; cut; at++) {
          const outcome = crashAt(seed, way, at, end)
          if (outcome.wrong !== null) problems.push(`seed ${seed} at ${at}: ${outcome.wrong}`)
          cut = outcome.cut
          points++
        }
      }
      t.same(problems, [])
      t.ok(points > 100, `${points} points`)
      t.end()
    })
  }
}
