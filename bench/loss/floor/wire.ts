/**
 * What the floor's processes say to one another. A request is a record: the number of its slot (4 bytes), key and value.
 * Records are packed as many as fit into a datagram. A follower says how many records are on its disk; the leader answers
 * with numbers of slots.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'

export const floorPort = 7_401
export const keyBytes = 16
export const slotBytes = 4

/** What one Ethernet frame of 1,500 bytes leaves under IPv4 and UDP. */
const datagramBytesMax = 1_472

/** A record must fit into a datagram. */
export const floorValueBytesMax = datagramBytesMax - slotBytes - keyBytes

/** A socket that reaches the kernel before `send` returns: an address is not looked up. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) })
  await new Promise<void>(resolve => {
    socket.once('listening', resolve)
    socket.bind(port)
  })
  return socket
}

/** Sends `bytes`, units of `unitBytes`, in as few datagrams as there can be. */
export function sendPacked(socket: Socket, bytes: Uint8Array, unitBytes: number, to: string): void {
  const most = Math.floor(datagramBytesMax / unitBytes) * unitBytes
  for (let from = 0; from < bytes.length; from += most) {
    socket.send(bytes, from, Math.min(most, bytes.length - from), floorPort, to)
  }
}

/** Calls `work` once when this turn of the event loop has read all that had arrived. */
export function atEndOfTurn(work: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      work()
    })
  }
}

/** Ends this process when the one that started it has ended, by whatever means. */
export function endWithParent(): void {
  process.stdin.on('end', () => process.exit()).resume()
}
