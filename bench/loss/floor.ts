/**
 * The floor: what this machine takes to move and store the same bytes with no protocol at all, in three bare Node
 * processes. What a system costs above it is its own. It sends nothing again, so there is only a lossless figure.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figures, Place, Seen, System } from './cell.js'
import { clientHost, figuresOf, lostOn, serverHosts } from './cell.js'
import { keyBytes, slotBytes } from './floor/wire.js'
import { Meter } from './meter.js'

const script = (name: string) => fileURLToPath(new URL(`./floor/${name}.js`, import.meta.url))

export const floor: System = {
  name: 'floor',
  whyNot: () => null,
  canLose: false,
  measure,
}

async function measure({ hosts, programs, directory, lossPercent, load, begin }: Place): Promise<Figures> {
  const [leader, ...followers] = serverHosts.map(host => hosts.addressOf(host))
  const recordBytes = String(slotBytes + keyBytes + load.valueBytes)
  const servers = serverHosts.map((host, at) => {
    const role = at === 0 ? ['-', hosts.addressOf(clientHost), ...followers] : [leader!]
    const words = [script('server'), recordBytes, join(directory, String(host)), ...role]
    return programs.start(`server ${host}`, [...hosts.on(host), process.execPath, ...words])
  })
  await Promise.all(servers.map(server => server.line()))

  await begin()
  await hosts.lose(lossPercent)
  const { outstanding, valueBytes, warmUpS, seconds } = load
  const words = [script('client'), leader!, ...[outstanding, valueBytes, warmUpS, seconds].map(String)]
  const client = programs.start('client', [...hosts.on(clientHost), process.execPath, ...words])
  const meter = Meter.of(servers, client)
  try {
    const seen = JSON.parse(await client.line()) as Seen
    const rates = meter.stop(seconds)
    return figuresOf(seen, { elections: null, retransmissionsPerOp: null }, rates, await lostOn(hosts))
  } finally {
    meter.stop(seconds)
  }
}
