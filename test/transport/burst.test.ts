/** Real sockets, a stock buffer, and a receiver that stops reading: all arrives, because windows hold it back. */
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { RealClock } from '../../src/base/real-clock.js'
import { addressOf } from '../../src/transport/address.js'
import { pathSizes } from '../../src/transport/path-size.js'
import { Transport } from '../../src/transport/transport.js'
import type { BlockedReceiverData, BlockedReceiverReport } from '../support/blocked-receiver.js'
import { open, until } from '../support/real-sockets.js'
import { bulkMessage, clusterId, distinct, tokensOf, upTo } from '../support/transports.js'

const stockBufferBytes = 212_992

async function burst(
  t: Test,
  messages: number,
  messageOf: (number: number) => ReturnType<typeof bulkMessage>,
  pauses: BlockedReceiverData['pauses'],
): Promise<void> {
  const socket = await open('127.0.0.1')
  const data: BlockedReceiverData = {
    senderPort: socket.address.port,
    bufferBytes: stockBufferBytes / 2,
    pauses,
    messages,
  }
  const reports: BlockedReceiverReport[] = []
  const worker = new Worker(new URL('../support/blocked-receiver.js', import.meta.url), { workerData: data })
  worker.on('message', (report: BlockedReceiverReport) => reports.push(report))
  await until(() => reports.length === 1)
  t.equal(reports[0]!.receiveBufferBytes, stockBufferBytes)

  const options = {
    ...{ clusterId, sender: 1, incarnation: 1, bootNonce: 1 },
    datagramSizes: pathSizes(socket.address, null),
  }
  const transport = new Transport(socket, new RealClock(), options, tokensOf(1))
  const link = transport.addPeer(2, addressOf('127.0.0.1', reports[0]!.port!))
  let sent = 0
  // Sends as a leader does: whenever there is room, as much as there is room for.
  const sendMore = () => {
    while (sent < messages && link.availableBytes > 0) transport.send(link, messageOf(sent++))
    transport.flush()
  }
  transport.onRoom = sendMore
  sendMore()
  await until(() => reports.length === 2)
  t.equal(distinct(reports[1]!.numbers ?? []).join(), upTo(messages).join(), 'all')
  t.same(transport.status.drops, {})
  await new Promise<void>(done => transport.close(done))
  await worker.terminate()
}

void t.test('four megabytes through a buffer of two hundred kilobytes that is not read for a while', async t => {
  await burst(t, 2_000, number => bulkMessage(1, number, 2_000), [
    { afterMessages: 3, ms: 200 },
    { afterMessages: 700, ms: 40 },
    { afterMessages: 1_500, ms: 400 },
  ])
})

void t.test('messages of every size', async t => {
  await burst(t, 600, number => bulkMessage(1, number, number % 10 === 0 ? 50_000 : (number * 97) % 9_000), [
    { afterMessages: 3, ms: 100 },
    { afterMessages: 300, ms: 200 },
  ])
})
