/** What happens to links: cuts of every shape, and datagrams that nobody should have sent. */
import type { SimCluster } from '../cluster.js'
import { stepKinds } from '../clock.js'
import type { PlannedFault } from '../plan.js'
import { usualShare, anyServer, someServers, sometime, type FaultKind } from './fault-kind.js'
import { Prng } from '../../base/prng.js'

/** Directed links, as pairs of lanes. */
export type Links = readonly (readonly [from: number, to: number])[]

/** Cuts links, and returns what heals them. */
export function cut({ network }: SimCluster, links: Links): () => void {
  for (const [from, to] of links) network.cut(from, to)
  return () => {
    for (const [from, to] of links) network.heal(from, to)
  }
}

/** Both directions between servers that `isCut` says are apart. */
export function apart(size: number, isCut: (a: number, b: number) => boolean): Links {
  const links: [number, number][] = []
  for (let a = 1; a <= size; a++) for (let b = 1; b <= size; b++) if (a !== b && isCut(a, b)) links.push([a, b])
  return links
}

const partition: FaultKind = {
  name: 'partition',
  weight: usualShare,
  draw: (prng, size, timeoutMs) =>
    size < 2 ? null : { forMs: sometime(prng, timeoutMs), servers: someServers(prng, size) },
  begin: (cluster, { servers }) =>
    cut(
      cluster,
      apart(cluster.plan.servers, (a, b) => servers.includes(a) !== servers.includes(b)),
    ),
  describe: ({ servers }) => `cut off: ${names(servers)}`,
}

const isolateLeader: FaultKind = {
  name: 'leader isolated',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => (size < 2 ? null : { forMs: sometime(prng, timeoutMs) }),
  begin: cluster => {
    const id = cluster.leader?.id ?? 1
    return cut(
      cluster,
      apart(cluster.plan.servers, (a, b) => a === id || b === id),
    )
  },
  describe: () => 'the leader is cut off',
}

const mute: FaultKind = {
  name: 'mute server',
  weight: usualShare,
  draw: (prng, size, timeoutMs) =>
    size < 2 ? null : { forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] },
  begin: (cluster, { servers: [id] }) =>
    cut(
      cluster,
      apart(cluster.plan.servers, from => from === id),
    ),
  describe: ({ servers }) => `${names(servers)} is not heard by servers`,
}

const deaf: FaultKind = {
  name: 'deaf server',
  weight: usualShare,
  draw: mute.draw,
  begin: (cluster, { servers: [id] }) =>
    cut(
      cluster,
      apart(cluster.plan.servers, (_from, to) => to === id),
    ),
  describe: ({ servers }) => `${names(servers)} hears no server`,
}

const oneLink: FaultKind = {
  name: 'one-way cut',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => {
    if (size < 2) return null
    const from = anyServer(prng, size)
    const to = 1 + ((from - 1 + 1 + prng.below(size - 1)) % size)
    return { forMs: sometime(prng, timeoutMs), servers: [from, to] }
  },
  begin: (cluster, { servers: [from, to] }) => cut(cluster, [[from!, to!]]),
  describe: ({ servers: [from, to] }) => `cut: s${from} to s${to}`,
}

/** Only one server is linked to all (E12, E13): the others cannot form a majority without it. */
const star: FaultKind = {
  name: 'star',
  weight: usualShare,
  draw: (prng, size, timeoutMs) =>
    size < 3 ? null : { forMs: sometime(prng, timeoutMs), servers: [anyServer(prng, size)] },
  begin: (cluster, { servers: [hub] }) =>
    cut(
      cluster,
      apart(cluster.plan.servers, (a, b) => a !== hub && b !== hub),
    ),
  describe: ({ servers }) => `only ${names(servers)} is linked to all`,
}

/** Each server is linked to the next only: nobody sees everybody. */
const chain: FaultKind = {
  name: 'chain',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => (size < 4 ? null : { forMs: sometime(prng, timeoutMs) }),
  begin: cluster =>
    cut(
      cluster,
      apart(cluster.plan.servers, (a, b) => Math.abs(a - b) > 1),
    ),
  describe: () => 'servers are linked in a chain',
}

/** A network card that comes and goes (U17). `amount` is how long each phase takes, in ms. */
const flapping: FaultKind = {
  name: 'flapping link',
  weight: usualShare,
  draw: (prng, size, timeoutMs) =>
    size < 2
      ? null
      : {
          forMs: timeoutMs * prng.between(4, 12),
          servers: [anyServer(prng, size)],
          amount: timeoutMs * prng.between(0.25, 2.5),
        },
  begin: (cluster, { servers: [id], amount }) => {
    const { kernel, plan } = cluster
    const links = apart(plan.servers, (a, b) => a === id || b === id)
    let heal: (() => void) | null = null
    let isOver = false
    const flap = (): void => {
      if (isOver) return
      if (heal === null) heal = cut(cluster, links)
      else {
        heal()
        heal = null
      }
      kernel.at(kernel.nowMs + amount, null, stepKinds.plan, flap)
    }
    flap()
    return () => {
      isOver = true
      heal?.()
    }
  },
  describe: ({ servers, amount }) => `${names(servers)} comes and goes every ${Math.round(amount)} ms`,
}

/** `amount` 0: answers are lost and questions arrive, the harder half for exactly-once; 1: neither arrives. */
const clientsCut: FaultKind = {
  name: 'clients cut off',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: sometime(prng, timeoutMs),
    servers: someServers(prng, size),
    amount: prng.below(2),
  }),
  begin: (cluster, { servers, amount }) => {
    const { servers: size, load } = cluster.plan
    const links: [number, number][] = []
    for (const id of servers) {
      for (let client = size + 1; client <= size + load.clients; client++) {
        links.push([id, client])
        if (amount === 1) links.push([client, id])
      }
    }
    return cut(cluster, links)
  },
  describe: ({ servers, amount }) =>
    amount === 0 ? `answers of ${names(servers)} to clients are lost` : `clients are cut off from ${names(servers)}`,
}

/** Nothing at all arrives anywhere. */
const blackout: FaultKind = {
  name: 'blackout',
  weight: usualShare,
  draw: (prng, _size, timeoutMs) => ({ forMs: sometime(prng, timeoutMs) }),
  begin: cluster => {
    const lanes = cluster.plan.servers + cluster.plan.load.clients + 1
    return cut(
      cluster,
      apart(lanes, () => true),
    )
  },
  describe: () => 'nothing arrives anywhere',
}

/** A route has changed: larger datagrams than `amount` bytes vanish on the links of some servers, and no router says so. */
const blackHole: FaultKind = {
  name: 'black hole',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: timeoutMs * prng.between(2, 12),
    servers: someServers(prng, size),
    amount: [1_200, 1_200, 1_472, 4_000][prng.below(4)]!,
  }),
  begin: ({ network, plan }, { servers, amount }) => {
    const lanes = plan.servers + plan.load.clients + 1
    const links = apart(lanes, (a, b) => servers.includes(a) || servers.includes(b))
    const mends = links.map(([from, to]) => network.limit(from, to, amount))
    return () => {
      for (const mend of mends) mend()
    }
  },
  describe: ({ servers, amount }) => `links of ${names(servers)} carry no more than ${amount} bytes`,
}

/** Datagrams that are kept to be sent again. */
const recordedMax = 32

/** Datagrams that are none, or that others sent (Z03, Z09, B01); `amount` of them. */
const garbage: FaultKind = {
  name: 'garbage',
  weight: usualShare,
  draw: (prng, size, timeoutMs) => ({
    forMs: sometime(prng, timeoutMs),
    servers: [anyServer(prng, size)],
    amount: 5 + prng.below(60),
  }),
  begin: (cluster, fault) => {
    const { kernel, network, plan } = cluster
    const prng = new Prng(plan.seed, Math.floor(fault.atMs))
    const recorded: { readonly bytes: Uint8Array; readonly from: number; readonly to: number }[] = []
    const record = (from: number, to: number, bytes: Uint8Array): void => {
      if (recorded.length < recordedMax) recorded.push({ bytes: bytes.slice(), from, to })
    }
    network.recorders.add(record)
    let isOver = false
    const throwOne = (): void => {
      if (isOver) return
      const to = cluster.server(fault.servers[0]!).address
      const one = recorded.length === 0 ? undefined : recorded[prng.below(recorded.length)]
      if (one === undefined || prng.below(2) === 0) {
        const bytes = new Uint8Array(prng.below(300))
        for (let i = 0; i < bytes.length; i++) bytes[i] = prng.below(256)
        network.inject(bytes, cluster.server(anyServer(prng, plan.servers)).address, to, 0)
      } else {
        // A true datagram of the past, to whom it was sent, or to another.
        const from = cluster.addressOfLane(one.from)
        network.inject(one.bytes, from, prng.below(3) === 0 ? to : cluster.addressOfLane(one.to), one.from)
      }
    }
    for (let i = 0; i < fault.amount; i++) {
      kernel.at(kernel.nowMs + prng.between(0, fault.forMs), null, stepKinds.plan, throwOne)
    }
    return () => {
      isOver = true
      network.recorders.delete(record)
    }
  },
  describe: ({ amount }) => `${amount} datagrams of garbage and of the past`,
}

export function names(servers: PlannedFault['servers']): string {
  return servers.map(id => `s${id}`).join(' ')
}

export const networkFaults: readonly FaultKind[] = [
  partition,
  isolateLeader,
  mute,
  deaf,
  oneLink,
  star,
  chain,
  flapping,
  clientsCut,
  blackout,
  blackHole,
  garbage,
]
