/**
 * The load of the floor: `client.js LEADER OUTSTANDING VALUE_BYTES WARM_UP_S SECONDS` keeps so many requests outstanding
 * and prints what it saw as one JSON object. Nothing is sent again, so a lost datagram ends it.
 */
import { createHistogram } from 'node:perf_hooks'
import { atEndOfTurn, endWithParent, floorPort, keyBytes, openSocket, sendPacked, slotBytes } from './wire.js'

const stallMs = 2_000
const [leader = '', ...numbers] = process.argv.slice(2)
const [outstanding = 0, valueBytes = 0, warmUpS = 0, seconds = 0] = numbers.map(Number)
const recordBytes = slotBytes + keyBytes + valueBytes
endWithParent()

const socket = await openSocket(floorPort)
const records = Array.from({ length: outstanding }, (_, slot) => {
  const record = Buffer.alloc(recordBytes, slot)
  record.writeUInt32LE(slot)
  return record
})
const startNs = new Float64Array(outstanding)
const clockNs = () => Math.round(performance.now() * 1e6)
let latencyNs = createHistogram()
let completed = 0
let due = records
const send = atEndOfTurn(() => {
  const nowNs = clockNs()
  for (const record of due) startNs[record.readUInt32LE(0)] = nowNs
  sendPacked(socket, Buffer.concat(due), recordBytes, leader)
  due = []
})
socket.on('message', bytes => {
  const nowNs = clockNs()
  for (let at = 0; at < bytes.length; at += slotBytes) {
    const slot = bytes.readUInt32LE(at)
    latencyNs.record(Math.max(1, nowNs - startNs[slot]!))
    completed++
    due.push(records[slot]!)
  }
  send()
})
send()

let completedBefore = 0
setInterval(() => {
  if (completed === completedBefore) {
    console.error('a datagram was lost, and the floor sends nothing again')
    process.exit(1)
  }
  completedBefore = completed
}, stallMs)
const sleep = (s: number) => new Promise(resolve => setTimeout(resolve, s * 1_000))
await sleep(warmUpS)
latencyNs = createHistogram()
const [firstNs, firstCompleted] = [clockNs(), completed]
await sleep(seconds)
const opsPerSec = Math.round((completed - firstCompleted) / ((clockNs() - firstNs) / 1e9))
const ms = (ns: number) => Math.round(ns / 1e3) / 1e3
const [p50Ms, p99Ms, maxMs] = [ms(latencyNs.percentile(50)), ms(latencyNs.percentile(99)), ms(latencyNs.max)]
process.stdout.write(`${JSON.stringify({ opsPerSec, p50Ms, p99Ms, maxMs, errors: 0 })}\n`, () => process.exit())
