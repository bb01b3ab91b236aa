/** The public face of one server: opens the real disk, socket and clock, checks them against the options, runs a Node. */
import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Identity } from '../../codec/identity.js'
import type { Logger } from '../base/logger.js'
import { silentLogger } from '../base/logger.js'
import { Prng } from '../base/prng.js'
import { RealClock } from '../base/real-clock.js'
import { KvStore } from '../kv/store.js'
import { nodeDisk } from '../storage/disk-node.js'
import { pathsOf } from '../storage/files.js'
import { readIdentity } from '../storage/identity.js'
import { directoryErrorOf } from '../storage/storage-error.js'
import type { OpenedStorage } from '../storage/open-storage.js'
import type { Storage } from '../storage/storage.js'
import { openStorage } from '../storage/open-storage.js'
import { lookupAddress } from '../transport/address-lookup.js'
import { parseHostPort } from '../transport/address.js'
import { drawAddressTokens } from '../transport/address-tokens.js'
import { pathSizes } from '../transport/path-size.js'
import type { Address, Socket } from '../transport/socket.js'
import { FaultySocket } from '../transport/socket-faults.js'
import { openUdpSocket } from '../transport/socket-udp.js'
import { Transport } from '../transport/transport.js'
import type { ClusterList } from './cluster-list.js'
import { clusterIdOf, parseClusterList } from './cluster-list.js'
import { Node } from './node.js'
import { checkIdentity } from './identity-check.js'
import type { ReplicatedState } from './replicated-state.js'
import { StartingState } from './restore-state.js'
import { ServerError } from './server-error.js'
import type { ServerFaults, ServerOptions } from './server-options.js'
import {
  checkDiskLimits,
  checkServerOptions,
  checkTimeouts,
  segmentBytes,
  snapshotEveryMibDefault,
} from './server-options.js'
import type { ServerStatus } from './status.js'

/** What a leader may hold uncommitted before it answers `busy`. */
const uncommittedBytesMax = 64 * 1024 * 1024

/** What may wait for the disk before a follower takes no more, and a leader answers `busy`. */
const unpersistedBytesMax = 64 * 1024 * 1024

/**
 * One server of a cluster, running in this process: Raft over UDP, a durable log, a state machine.
 *
 * @example
 * const server = await Server.start({ id: 1, cluster: '1=127.0.0.1:7401', data: './data/1' })
 * await server.stop()
 */
export class Server {
  readonly id: number
  /** HOST:PORT that it listens on. */
  readonly address: string
  /** Resolves when this server has stopped: with null after `stop`, with the reason when something broke. Never rejects. */
  readonly closed: Promise<Error | null>
  private readonly node: Node
  private hasStopped: (reason: Error | null) => void = () => undefined

  private constructor(id: number, address: string, node: Node) {
    this.id = id
    this.address = address
    this.node = node
    this.closed = new Promise(resolve => (this.hasStopped = resolve))
    node.onFailure = error => this.hasStopped(error)
  }

  /**
   * Opens the data directory, recovers what was promised, and joins the cluster. Resolves as soon as the server listens;
   * a leader may not be elected yet.
   * Rejects with ServerError: `usage` for options that cannot be (nothing was started or written), `corrupt` for a data
   * directory that is damaged, `io` for a disk or socket that failed.
   */
  static async start(options: ServerOptions): Promise<Server> {
    checkServerOptions(options)
    const logger = options.logger ?? silentLogger
    const { heartbeatMs, electionTimeoutMs } = checkTimeouts(options)
    const { diskReserveMib, diskStallMs } = checkDiskLimits(options)
    const list: ClusterList = parseClusterList(options.cluster)
    const own = list.members.find(member => member.id === options.id)
    if (own === undefined) {
      throw usage(`server ${options.id} is not in the cluster list ${list.text}: add it, or mend the id`)
    }
    const members = await Promise.all(
      list.members.map(async ({ id, address }) => {
        return { id, address: await resolveAddress(address, `server ${id} of the cluster list`) }
      }),
    )
    checkAddresses(members)
    checkCut(options.faults, members)
    const listen = await resolveAddress(options.listen ?? own.address, 'the address to listen on')
    await repairing(options, logger, () => checkDirectory(options, list))

    const clock = new RealClock()
    const real = await openSocket(listen)
    const socket = options.faults === undefined ? real : withFaults(real, clock, options.faults, members)
    let opened: OpenedStorage
    let state: ReplicatedState
    try {
      const clusterId = clusterIdOf(options.clusterName ?? list.text)
      ;[opened, state] = await repairing(options, logger, async () => {
        const starting = new StartingState(options.machine ?? new KvStore())
        const there = await open(options, clusterId, list.text, diskReserveMib * 2 ** 20, clock, starting)
        return [there, await restored(there.storage, starting, options.data)] as const
      })
      for (const note of opened.notes) logger.warn({}, note)
      if (options.repair === true) tellOfRepair(opened, options.data, logger)
    } catch (error) {
      await new Promise<void>(resolve => socket.close(resolve))
      throw error
    }
    // Only now: a start that is refused says that alone.
    if (list.warning !== null) logger.warn({}, list.warning)
    warnOfSmallBuffer(socket, logger)

    const transportOptions = {
      clusterId: opened.identity.clusterId,
      sender: options.id,
      incarnation: opened.identity.incarnation,
      bootNonce: randomId(),
      numbersSecret: randomId(),
      datagramSizes: pathSizes(socket.address, options.datagramBytesMax ?? null),
    }
    const transport = new Transport(socket, clock, transportOptions, drawAddressTokens())
    const node = new Node(
      {
        clock,
        socket,
        transport,
        storage: opened.storage,
        recovered: opened.recovered,
        state,
        memory: memoryOfProcess,
      },
      {
        id: options.id,
        voters: members.map(({ id }) => id),
        incarnation: opened.identity.incarnation,
        mayFound: opened.identity.isForRepair !== true,
        members,
        seed: randomId(),
        heartbeatMs,
        electionTimeoutMs,
        diskStallMs,
        uncommittedBytesMax,
        unpersistedBytesMax,
        snapshotEveryBytes: (options.snapshotEveryMib ?? snapshotEveryMibDefault) * 2 ** 20,
        appendBytesMax: 1_000,
        windowBytesMax: 64_000,
        logger,
      },
    )
    const server = new Server(options.id, socket.address.key, node)
    socket.onError = error => node.fail(error)
    logger.info(
      { id: options.id, address: server.address, entries: opened.recovered.entries.length },
      `server ${options.id} listens on ${server.address}, data in ${options.data}`,
    )
    return server
  }

  /** What `raftgram status` shows of it. */
  status(): ServerStatus {
    return this.node.status()
  }

  /** Stops cleanly: a leader hands over first, for at most an election timeout; the log is closed. Never rejects. */
  stop(): Promise<void> {
    return new Promise(resolve => {
      this.node.stop(() => {
        this.hasStopped(null)
        resolve()
      })
    })
  }
}

function usage(message: string): ServerError {
  return new ServerError('usage', message)
}

/** Two names of one place are found only after names were looked up. */
function checkAddresses(members: readonly { id: number; address: Address }[]): void {
  const ids = new Map<string, number>()
  for (const { id, address } of members) {
    const other = ids.get(address.key)
    if (other !== undefined) {
      throw usage(`servers ${other} and ${id} of the cluster list have the same address ${address.key}: mend one`)
    }
    ids.set(address.key, id)
  }
}

function checkCut(faults: ServerFaults | undefined, members: readonly { readonly id: number }[]): void {
  const stranger = faults?.cut?.find(cutId => !members.some(({ id }) => id === cutId))
  if (stranger !== undefined) throw usage(`there is no server ${stranger} to cut off: name servers of the cluster list`)
}

/** Before anything is opened for writing: a directory of another cluster is left as it is. */
async function checkDirectory({ data, clusterName }: ServerOptions, list: ClusterList): Promise<void> {
  const identity = await new Promise<Identity | null>((resolve, reject) => {
    readIdentity(nodeDisk, pathsOf(data), (error, found) => {
      if (error === null) resolve(found)
      else reject(ServerError.ofStorage(directoryErrorOf(error, `read the directory ${data}`)))
    })
  })
  if (identity !== null) checkIdentity(identity, clusterName, list.text)
}

/** Does `step`; where the directory is damaged and to be repaired, once more with an empty one in its place. */
async function repairing<T>({ data, repair }: ServerOptions, logger: Logger, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (repair !== true || !(error instanceof ServerError) || error.code !== 'corrupt') throw error
    const directory = resolve(data)
    const aside = `${directory}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
    try {
      await rename(directory, aside)
    } catch (cause) {
      throw new ServerError('io', `${error.message}; it could not be moved to ${aside}: ${(cause as Error).message}`)
    }
    logger.warn({ aside }, `${error.message.split(';')[0]!}: moved to ${aside}, and made anew`)
    return step()
  }
}

function tellOfRepair({ identity, recovered }: OpenedStorage, data: string, logger: Logger): void {
  const isEmpty = identity.isForRepair === true && recovered.entries.length === 0 && recovered.snapshotIndex === 0
  const line = isEmpty
    ? `${data} is filled from the other servers: this server neither votes nor counts until it is admitted`
    : `${data} is sound: nothing to repair`
  logger.info({ incarnation: identity.incarnation }, line)
}

function open(
  options: ServerOptions,
  clusterId: number,
  foundingCluster: string,
  reserveBytes: number,
  clock: RealClock,
  starting: StartingState,
): Promise<OpenedStorage> {
  return new Promise((resolve, reject) => {
    openStorage(
      nodeDisk,
      {
        directory: options.data,
        serverId: options.id,
        clusterId,
        clusterName: options.clusterName ?? '',
        foundingCluster,
        isForRepair: options.repair === true,
        segmentBytes,
        reserveBytes,
        prng: new Prng(randomId()),
        clock,
        onSnapshotChunk: chunk => starting.push(chunk),
      },
      (error, opened) => {
        if (opened !== null) return resolve(opened)
        reject(
          error === null
            ? new ServerError('io', 'the data directory could not be opened')
            : ServerError.ofStorage(error),
        )
      },
    )
  })
}

/** The state as of the newest snapshot. Where that cannot be had the directory is closed again. */
async function restored(storage: Storage, starting: StartingState, data: string): Promise<ReplicatedState> {
  const state = starting.end(storage.snapshots.newest)
  if (!(state instanceof Error)) return state
  await new Promise<void>(resolve => storage.close(() => resolve()))
  // No damage: its checksums were found right, and --repair would put a sound snapshot aside.
  const mend = 'start the server with the machine that wrote it, in a version that reads it'
  throw usage(`the state machine refuses the snapshot in ${data} (${state.message}): ${mend}`)
}

function openSocket(listen: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    openUdpSocket(listen, (error, socket) => {
      if (socket !== null) resolve(socket)
      else reject(usage(error?.message ?? 'the socket could not be opened'))
    })
  })
}

/** `what` it is the address of, for whoever must mend it. */
function resolveAddress(text: string, what: string): Promise<Address> {
  return new Promise((resolve, reject) => {
    lookupAddress(text, (error, address) => {
      if (address !== null) resolve(address)
      else reject(usage(`${what}: ${error?.message ?? `no address: ${text}`}; ${remedyFor(text)}`))
    })
  })
}

function remedyFor(text: string): string {
  return parseHostPort(text) === null
    ? 'write it as HOST:PORT, e.g. 127.0.0.1:7401'
    : 'mend the name, make it known (DNS, /etc/hosts), or write an IP address'
}

function withFaults(
  socket: Socket,
  clock: RealClock,
  { cut, ...faults }: ServerFaults,
  members: readonly { id: number; address: Address }[],
): Socket {
  const faulty = new FaultySocket(socket, clock, faults)
  for (const { id, address } of members) {
    if (cut?.includes(id) === true) faulty.cut(address.key, 'both')
  }
  return faulty
}

/** The kernel cuts what is asked for down to its limit without a word. */
function warnOfSmallBuffer(socket: Socket, logger: Logger): void {
  const wantedBytes = 2 * 1024 * 1024
  if (socket.receiveBufferBytes >= wantedBytes) return
  logger.warn(
    { receiveBufferBytes: socket.receiveBufferBytes },
    `the kernel gives this socket a receive buffer of only ${socket.receiveBufferBytes} bytes, which limits throughput; ` +
      'mend it with: sysctl -w net.core.rmem_max=4194304',
  )
}

function memoryOfProcess(): ServerStatus['memory'] {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rssBytes: rss, heapBytes: heapUsed, externalBytes: external }
}

/** A random whole number of [1, 2^53). */
function randomId(): number {
  const bytes = randomBytes(7)
  return bytes.readUIntBE(0, 6) * 32 + (bytes[6]! >>> 3) || 1
}
