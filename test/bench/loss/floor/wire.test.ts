import type { Socket } from 'node:dgram'
import t from 'tap'
import { atEndOfTurn, floorValueBytesMax, keyBytes, sendPacked, slotBytes } from '../../../../bench/loss/floor/wire.js'

/** Lengths of the datagrams in which so many units of so many bytes are sent. */
function datagramsOf(units: number, unitBytes: number): number[] {
  const lengths: number[] = []
  const socket = { send: (_bytes: Uint8Array, _from: number, length: number) => lengths.push(length) }
  sendPacked(socket as unknown as Socket, new Uint8Array(units * unitBytes), unitBytes, '10.74.1.1')
  return lengths
}

void t.test('as many records as fit go into a datagram, and none is cut', t => {
  t.same(datagramsOf(12, 276), [5 * 276, 5 * 276, 2 * 276])
  t.same(datagramsOf(5, 276), [5 * 276])
  t.same(datagramsOf(0, 276), [])
  t.same(datagramsOf(400, 4), [1_472, 128])
  t.same(datagramsOf(2, slotBytes + keyBytes + floorValueBytesMax), [1_472, 1_472], 'the largest value')
  t.end()
})

void t.test('what is due in a turn of the event loop is done once, and again in the next', async t => {
  let done = 0
  const due = atEndOfTurn(() => done++)
  due()
  due()
  t.equal(done, 0)
  await new Promise(resolve => setTimeout(resolve, 5))
  t.equal(done, 1)
  due()
  await new Promise(resolve => setTimeout(resolve, 5))
  t.equal(done, 2)
})
