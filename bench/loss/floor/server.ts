/**
 * A server of the floor: `server.js RECORD_BYTES FILE LEADER` follows, `server.js RECORD_BYTES FILE - CLIENT FOLLOWER
 * FOLLOWER` leads. Nothing is checked, ordered or sent again: this moves and stores the bytes, and that is all.
 */
import { GroupFile } from './group-file.js'
import { atEndOfTurn, endWithParent, floorPort, openSocket, sendPacked, slotBytes } from './wire.js'

async function follow(recordBytes: number, path: string, leader: string): Promise<void> {
  const socket = await openSocket(floorPort)
  const file = new GroupFile(path, records => {
    const count = Buffer.alloc(4)
    count.writeUInt32LE(records)
    socket.send(count, floorPort, leader)
  })
  let arrived: Uint8Array[] = []
  const store = atEndOfTurn(() => {
    const group = Buffer.concat(arrived)
    arrived = []
    file.append(group, group.length / recordBytes)
  })
  socket.on('message', bytes => {
    arrived.push(bytes)
    store()
  })
}

async function lead(recordBytes: number, path: string, client: string, followers: readonly string[]): Promise<void> {
  const socket = await openSocket(floorPort)
  /** Slots of the records that were not answered yet, from record `answered` on. */
  let slots: number[] = []
  let answered = 0
  let ownRecords = 0
  const followerRecords = new Map<string, number>()
  const answer = () => {
    const stored = Math.min(ownRecords, Math.max(0, ...followerRecords.values()))
    if (stored === answered) return
    const numbers = Uint32Array.from(slots.slice(0, stored - answered))
    slots = slots.slice(stored - answered)
    answered = stored
    sendPacked(socket, new Uint8Array(numbers.buffer), slotBytes, client)
  }
  const file = new GroupFile(path, records => {
    ownRecords = records
    answer()
  })
  let arrived: Buffer[] = []
  const forward = atEndOfTurn(() => {
    if (arrived.length > 0) {
      const group = Buffer.concat(arrived)
      arrived = []
      for (const follower of followers) sendPacked(socket, group, recordBytes, follower)
      for (let at = 0; at < group.length; at += recordBytes) slots.push(group.readUInt32LE(at))
      file.append(group, group.length / recordBytes)
    }
    answer()
  })
  socket.on('message', (bytes, { address }) => {
    if (address === client) arrived.push(bytes)
    else followerRecords.set(address, bytes.readUInt32LE(0))
    forward()
  })
}

const [recordBytes = '', path = '', leader = '', client = '', ...followers] = process.argv.slice(2)
endWithParent()
if (leader === '-') await lead(Number(recordBytes), path, client, followers)
else await follow(Number(recordBytes), path, leader)
console.log('ready')
