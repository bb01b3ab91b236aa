/**
 * A worker thread with a server's transport on a socket with a stock buffer. It stops its event loop at given messages, as
 * a garbage collection or a slow disk would, and reports which messages it got.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { RealClock } from '../../src/base/real-clock.js'
import { addressOf } from '../../src/transport/address.js'
import { pathSizes } from '../../src/transport/path-size.js'
import { Transport } from '../../src/transport/transport.js'
import { clusterId, tokensOf } from './transports.js'
import { open } from './real-sockets.js'

export interface BlockedReceiverData {
  readonly senderPort: number
  readonly bufferBytes: number
  /** After so many different messages it reads nothing for so many ms. */
  readonly pauses: readonly { readonly afterMessages: number; readonly ms: number }[]
  /** After so many it reports and ends. */
  readonly messages: number
}

export interface BlockedReceiverReport {
  readonly port?: number
  readonly receiveBufferBytes?: number
  readonly numbers?: readonly number[]
}

const data = workerData as BlockedReceiverData
const report = (said: BlockedReceiverReport) => parentPort!.postMessage(said)
const socket = await open('127.0.0.1', 0, data.bufferBytes)
const clock = new RealClock()
const options = {
  ...{ clusterId, sender: 2, incarnation: 2, bootNonce: 2 },
  datagramSizes: pathSizes(socket.address, null),
}
const transport = new Transport(socket, clock, options, tokensOf(2))
transport.addPeer(1, addressOf('127.0.0.1', data.senderPort))
const numbers = new Set<number>()
const never = new Int32Array(new SharedArrayBuffer(4))
transport.onMessage = (_link, message) => {
  if (message.type !== 'AppendEntries') return
  // What seemed lost while this side did not read comes twice.
  if (numbers.has(message.prevLogIndex)) return
  numbers.add(message.prevLogIndex)
  const pause = data.pauses.find(({ afterMessages }) => afterMessages === numbers.size)
  if (pause !== undefined) Atomics.wait(never, 0, 0, pause.ms)
  if (numbers.size === data.messages) {
    report({ numbers: [...numbers] })
    transport.close(() => undefined)
  }
}
report({ port: socket.address.port, receiveBufferBytes: socket.receiveBufferBytes })
