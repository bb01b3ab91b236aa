/** Not a test: the process that kill-9.test.ts kills. Appends as fast as it can, and says on stdout what is durable. */
import { writeSync } from 'node:fs'
import { Prng } from '../../src/base/prng.js'
import { RealClock } from '../../src/base/real-clock.js'
import { nodeDisk } from '../../src/storage/disk-node.js'
import { openStorage, type OpenedStorage } from '../../src/storage/open-storage.js'
import type { StorageOptions } from '../../src/storage/storage.js'
import { entryOf } from './rig.js'

export function processOptions(directory: string, seed: number): StorageOptions {
  return {
    directory,
    serverId: 1,
    clusterId: 7,
    clusterName: '',
    foundingCluster: '1=127.0.0.1:7001',
    segmentBytes: 4 * 2 ** 20,
    prng: new Prng(seed),
    clock: new RealClock(),
  }
}

function appendForever({ storage, recovered }: OpenedStorage): void {
  const currentTerm = recovered.hardState.currentTerm + 1
  let index = recovered.entries.length
  let inFlight = 0
  const fill = (): void => {
    while (inFlight < 64) {
      index++
      inFlight++
      storage.append(index, [entryOf(index, currentTerm, index % 3_000)], { currentTerm, commitIndex: 0 })
    }
  }
  storage.onFatal = error => {
    throw error
  }
  storage.saveHardState({ currentTerm, votedFor: 1 }, () => {
    writeSync(1, `term ${currentTerm}\n`)
    storage.onPersisted = writeId => {
      writeSync(1, `persisted ${writeId}\n`)
      inFlight = index - writeId
      fill()
    }
    fill()
  })
}

const [, , directory, seed] = process.argv
if (directory !== undefined && process.argv[1] === import.meta.filename) {
  openStorage(nodeDisk, processOptions(directory, Number(seed)), (error, opened) => {
    if (error !== null || opened === null) throw error ?? new Error('not opened')
    appendForever(opened)
  })
}
