import t from 'tap'
import type { Logger } from '../../src/base/logger.js'
import { DiskHealth } from '../../src/node/disk-health.js'

function rig(stallMs: number) {
  const lines: string[] = []
  const tell = (_fields: object, line: string): void => void lines.push(line)
  const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell }
  const storage = { oldestWriteMs: Infinity, spaceAvailable: true }
  return { lines, storage, health: new DiskHealth(storage, stallMs, logger) }
}

void t.test('a write that is under way for the set time is a stall, and none when it has completed', t => {
  const { lines, storage, health } = rig(1_000)
  t.equal(health.look(0), null)
  storage.oldestWriteMs = 50
  t.equal(health.look(1_049), null)
  t.equal(health.look(1_050), 'stalled')
  t.equal(health.look(9_000), null, 'told once')
  t.equal(health.stateAt(9_000), 'stalled')
  storage.oldestWriteMs = 8_999
  t.equal(health.look(9_000), 'sound', 'the next write is young')
  t.match(lines, [/has not completed a write for 1000 ms/, /completes writes again/])
  t.end()
})

void t.test('0 is never', t => {
  const { storage, health } = rig(0)
  storage.oldestWriteMs = 0
  t.equal(health.look(1e9), null)
  t.end()
})

void t.test('full goes before stalled, and a line tells when there is room', t => {
  const { lines, storage, health } = rig(1_000)
  storage.oldestWriteMs = 0
  storage.spaceAvailable = false
  t.equal(health.look(5_000), 'full')
  storage.spaceAvailable = true
  t.equal(health.look(5_001), 'stalled')
  storage.oldestWriteMs = Infinity
  t.equal(health.look(5_002), 'sound')
  storage.spaceAvailable = false
  t.equal(health.look(5_003), 'full')
  storage.spaceAvailable = true
  t.equal(health.look(5_004), 'sound')
  t.match(lines, [/disk is full/, /not completed/, /completes writes again/, /disk is full/, /room on the disk again/])
  t.end()
})
