import t from 'tap'
import { decodeHardStateSlot, encodeHardStateSlot } from '../../codec/hard-state.js'
import { Rig } from './rig.js'

const path = 'data/hard-state'

function savedTwice(seed: number): { rig: Rig; files: Map<string, Uint8Array> } {
  const rig = new Rig(seed)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 7, votedFor: 0 })
  rig.saveHardState(storage, { currentTerm: 7, votedFor: 3 })
  rig.close(storage)
  return { rig, files: rig.snapshot() }
}

void t.test('one damaged slot loses no vote, and is mended', t => {
  const { rig, files } = savedTwice(1)
  for (const offset of [0, 4_096]) {
    for (let at = 0; at < 48; at++) {
      rig.restore(files)
      rig.disk.flipBit(path, offset + at, at % 8)
      const { recovered, storage, notes } = rig.open()
      if (recovered.hardState.currentTerm !== 7 || recovered.hardState.votedFor !== 3) t.fail(`lost at ${offset + at}`)
      if (notes.length !== 1) t.fail('noted')
      rig.close(storage)
      if (Buffer.compare(rig.fileOf(path), files.get(path)!) !== 0) t.fail(`not mended at ${offset + at}`)
    }
  }
  t.end()
})

void t.test('two damaged slots, none, or slots that no crash leaves are refused', t => {
  const { rig, files } = savedTwice(2)
  const slot = decodeHardStateSlot(files.get(path)!, 0)!
  const refused = (what: string, damage: () => void): void => {
    rig.restore(files)
    damage()
    t.match(rig.tryOpen().error, { code: 'corrupt', message: path }, what)
  }
  refused('two damaged', () => {
    rig.disk.flipBit(path, 20, 1)
    rig.disk.flipBit(path, 4_096 + 20, 1)
  })
  refused('missing', () => rig.disk.erase(path))
  refused('empty', () => rig.disk.overwrite(path, 0, new Uint8Array(0), true))
  const put = (change: Partial<typeof slot>) => () =>
    rig.disk.overwrite(path, 0, encodeHardStateSlot({ ...slot, ...change }))
  refused('two saves apart', put({ sequence: slot.sequence + 2 }))
  refused('two saves behind', put({ sequence: slot.sequence - 2 }))
  refused('a term that went back', put({ sequence: slot.sequence + 1, hardState: { currentTerm: 6, votedFor: 0 } }))
  refused('a vote that changed', put({ sequence: slot.sequence + 1, hardState: { currentTerm: 7, votedFor: 1 } }))
  refused('two votes in one save', put({ hardState: { currentTerm: 7, votedFor: 1 } }))
  refused('of another directory', put({ incarnation: slot.incarnation + 1 }))
  rig.restore(files)
  put({ sequence: slot.sequence + 1, hardState: { currentTerm: 8, votedFor: 1 } })()
  const { recovered, notes } = rig.open()
  t.same(recovered.hardState, { currentTerm: 8, votedFor: 1 }, 'a save ahead in one slot is what a crash leaves')
  t.equal(notes.length, 1)
  t.end()
})

void t.test('terms never go back and votes never change inside their term', t => {
  const rig = new Rig(3)
  const { storage } = rig.open()
  rig.saveHardState(storage, { currentTerm: 5, votedFor: 2 })
  for (const hardState of [
    { currentTerm: 4, votedFor: 0 },
    { currentTerm: 5, votedFor: 0 },
    { currentTerm: 5, votedFor: 1 },
  ]) {
    t.throws(() => storage.saveHardState(hardState, () => undefined), { name: 'InvariantError' })
  }
  t.throws(() => storage.append(1, [], { currentTerm: 6, commitIndex: 0 }), { name: 'InvariantError' })
  t.end()
})
