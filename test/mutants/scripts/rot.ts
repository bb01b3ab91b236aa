/** A bit flips in a batch that is durable: the server must refuse to start, wherever in the batch it was. */
import { batchHeaderBytes } from '../../../codec/batch.js'
import { decodeSegmentHeader } from '../../../codec/segment.js'
import type { SimCluster } from '../../../src/sim/cluster.js'
import type { ServerProcess } from '../../../src/sim/server-process.js'
import { walkSegment } from '../../../src/storage/segment-walk.js'
import { StorageError } from '../../../src/storage/storage-error.js'
import { calmCluster, expected, pass, rolesOf, told } from './calm-cluster.js'
import { allIsWell, type Said, type Script } from './script.js'

const path = 'data/log/0000000000000001.log'

/** Where the batches with entries begin. */
function batchesOf(server: ServerProcess): readonly { readonly offset: number; readonly bytes: number }[] {
  const segment = server.disk.disk.contents(path)
  const header = segment === null ? null : decodeSegmentHeader(segment)
  if (segment === null || header === null || header === 'other-version') throw new Error('there is a first segment')
  const batches: { offset: number; bytes: number }[] = []
  walkSegment(segment, header, ({ offset, bytes, batch }) => {
    if (batch.entryCount > 0) batches.push({ offset, bytes: bytes.length })
    return null
  })
  return batches
}

/** Flips a bit, starts the server on what is left, and flips it back. */
function rots(cluster: SimCluster, server: ServerProcess, offset: number): Said {
  // What it promised is not asked for: that it starts at all is what is wrong.
  cluster.invariants.ended(server.id, true)
  server.kill()
  server.isDamaged = true
  server.disk.disk.flipBit(path, offset, 3)
  server.start()
  pass(cluster, 20)
  const { failure } = server
  server.kill()
  server.disk.disk.flipBit(path, offset, 3)
  const isRefused = failure instanceof StorageError && failure.code === 'corrupt'
  return expected(isRefused, 'Damage Is Noticed', `a server starts with a flipped bit at byte ${offset} of its log`)
}

function rotStory(changes: Parameters<typeof calmCluster>[0], offsetsOf: (server: ServerProcess) => number[]): Said {
  return told(() => {
    const cluster = calmCluster({ segmentBytes: 524_288, ...changes })
    for (const client of cluster.clients) client.kill()
    pass(cluster, 500)
    const [server] = rolesOf(cluster).followers
    const offsets = offsetsOf(server!)
    for (const offset of offsets) {
      const said = rots(cluster, server!, offset)
      if (said.invariant !== '') return said
    }
    return allIsWell
  })
}

export const rottenHeader: Script = {
  name: 'a bit flips in the header of a batch',
  run: () =>
    rotStory({}, server => {
      const batches = batchesOf(server)
      const { offset } = batches[Math.floor(batches.length / 2)]!
      return Array.from({ length: batchHeaderBytes / 4 }, (_, i) => offset + 4 * i)
    }),
}

export const rottenEnd: Script = {
  name: 'a bit flips in the last batch',
  run: () => rotStory({}, server => [batchesOf(server).at(-1)!.offset + batchHeaderBytes + 2]),
}
