/** Real sockets for tests: opened with a promise, and waited for by going round the event loop. */
import type { Socket } from '../../src/transport/socket.js'
import { openUdpSocket } from '../../src/transport/socket-udp.js'

/** Longer than anything takes that happens at all; only a failing test waits for it. */
const patienceMs = 10_000

export function open(host: string, port = 0, bufferBytes?: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    openUdpSocket(
      { host, port },
      (error, socket) => {
        if (socket !== null) resolve(socket)
        else reject(error ?? new Error('neither a socket nor an error'))
      },
      bufferBytes,
    )
  })
}

/** Goes round the event loop until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + patienceMs
  while (!condition()) {
    if (performance.now() > giveUpAtMs) throw new Error('it never happened')
    await new Promise(resolve => setImmediate(resolve))
  }
}
