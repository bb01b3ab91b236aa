/**
 * Options of a server as programs give them, which the compiler may not have seen: their types and ranges, checked before
 * anything is looked up, opened or written. What needs the cluster list or the disk is checked where these are read.
 */
import { datagramBytesLimit, datagramBytesUnknownPath } from '../../codec/limits.js'
import type { Logger } from '../base/logger.js'
import { shown } from '../base/shown.js'
import { unknownOption } from '../base/unknown-option.js'
import type { StateMachine } from '../session/types.js'
import type { FaultOptions } from '../transport/socket-faults.js'
import { noFaults } from '../transport/socket-faults.js'
import { ServerError } from './server-error.js'

/** Faults for experiments; `cut` names servers that are neither sent to nor heard. */
export interface ServerFaults extends FaultOptions {
  readonly cut?: readonly number[]
}

export interface ServerOptions {
  /** This server's id in the cluster list, 1..65535. */
  readonly id: number
  /** Every server of the cluster: "1=HOST:PORT,2=HOST:PORT,3=HOST:PORT", the same on all of them. */
  readonly cluster: string
  /** Directory of this server's data; made when it does not exist. Never shared, never copied to another server. */
  readonly data: string
  /**
   * A directory that is empty or damaged is filled from the other servers. A damaged one is kept aside, under a name with
   * `.damaged-`. To be set wherever this server may have run before. Default false: an empty directory is a first start.
   */
  readonly repair?: boolean
  /** HOST:PORT to listen on, where it differs from this server's own address in the cluster list. */
  readonly listen?: string
  /** The cluster id is the hash of it; by default of the founding list. Servers of different clusters ignore each other. */
  readonly clusterName?: string
  /** How often a leader speaks to each follower at least, in ms. Default 25. */
  readonly heartbeatMs?: number
  /** t: a follower waits a random time of [t, 2t) ms for its leader before it asks for votes. Default 200. */
  readonly electionTimeoutMs?: number
  /** So many MiB of the file system are left free; where less would be, the disk counts as full. Default 64; 0: fill it. */
  readonly diskReserveMib?: number
  /** A disk that has not completed a write for so many ms is stalled, and its leader hands over. Default 1000; 0: never. */
  readonly diskStallMs?: number
  /** Faults injected into what this server sends, for experiments. Default none. */
  readonly faults?: ServerFaults
  /** Payload bytes of a datagram on every path, where what is found out by default is wrong. */
  readonly datagramBytesMax?: number
  /**
   * A snapshot is taken when the log has grown by so many MiB since the last one. Default 64. Servers with the same number
   * take theirs at the same entries. The log in memory and on disk stays below some two to three times as much.
   */
  readonly snapshotEveryMib?: number
  /** What the cluster replicates. Default: the key-value store. All servers must run the same one. */
  readonly machine?: StateMachine
  /** Where its few lines go; a pino logger fits. Default: nowhere. */
  readonly logger?: Logger
}

/** Every name, held against the type by the compiler. */
const optionNames = Object.keys({
  id: 0,
  cluster: 0,
  data: 0,
  repair: 0,
  listen: 0,
  clusterName: 0,
  heartbeatMs: 0,
  electionTimeoutMs: 0,
  diskReserveMib: 0,
  diskStallMs: 0,
  faults: 0,
  datagramBytesMax: 0,
  snapshotEveryMib: 0,
  machine: 0,
  logger: 0,
} satisfies Record<keyof ServerOptions, 0>)

/** Options before anybody has looked at them. */
type Given = Readonly<Partial<Record<keyof ServerOptions, unknown>>>

/** Bytes of one log segment. */
export const segmentBytes = 16 * 1024 * 1024

export const snapshotEveryMibDefault = 64
const heartbeatMsDefault = 25
const electionTimeoutMsDefault = 200
const diskReserveMibDefault = 64
const diskStallMsDefault = 1_000

/** Throws ServerError `usage` for options that are none, or one that is unknown or of a wrong type. */
export function checkServerOptions(options: unknown): asserts options is ServerOptions {
  if (!isObject(options)) {
    refuse("Server.start needs options, as in { id: 1, cluster: '1=127.0.0.1:7401', data: './data/1' }")
  }
  checkNames(options, optionNames, 'the options of Server.start')
  const given: Given = options
  if (typeof given.id !== 'number') refuse(`the id is a number of the cluster list, not ${shown(given.id)}`)
  if (typeof given.cluster !== 'string') {
    refuse(`the cluster list is a string, as in '1=127.0.0.1:7401,2=127.0.0.1:7402', not ${shown(given.cluster)}`)
  }
  if (given.data === '') refuse('no data directory: name one, each server needs its own')
  if (typeof given.data !== 'string') refuse(`the data directory is a path, as in './data/1', not ${shown(given.data)}`)
  for (const name of ['listen', 'clusterName'] as const) {
    const text = given[name]
    if (text !== undefined && typeof text !== 'string') refuse(`${name} is a string, not ${shown(text)}`)
  }
  if (given.repair !== undefined && typeof given.repair !== 'boolean') {
    refuse(`repair is true or false, not ${shown(given.repair)}`)
  }
  checkDatagramBytes(given.datagramBytesMax)
  checkSnapshotEvery(given.snapshotEveryMib)
  checkFunctions('machine', given.machine, ['apply', 'query', 'snapshot', 'restore'])
  checkFunctions('logger', given.logger, ['debug', 'info', 'warn', 'error'])
  checkFaults(given.faults)
}

/** The two times with the default of each that is not given, in ms. Throws ServerError `usage` for what cannot work. */
export function checkTimeouts(options: Given): { readonly heartbeatMs: number; readonly electionTimeoutMs: number } {
  const { heartbeatMs = heartbeatMsDefault, electionTimeoutMs = electionTimeoutMsDefault } = options
  if (typeof heartbeatMs !== 'number' || !(heartbeatMs > 0 && heartbeatMs < Infinity)) {
    refuse(`the heartbeat (${shown(heartbeatMs)} ms) must be a time above 0, as in 25`)
  }
  if (typeof electionTimeoutMs !== 'number') {
    refuse(`the election timeout (${shown(electionTimeoutMs)} ms) must be a time, as in 200`)
  }
  if (!(electionTimeoutMs >= 3 * heartbeatMs && electionTimeoutMs < Infinity)) {
    refuse(
      `the election timeout (${electionTimeoutMs} ms) must be at least 3 heartbeats (${3 * heartbeatMs} ms), ` +
        'or a follower loses its leader with every lost datagram: raise it, or let the heart beat faster',
    )
  }
  return { heartbeatMs, electionTimeoutMs }
}

/** When a disk counts as full or stalled, with the default of what is not given. Throws ServerError `usage`. */
export function checkDiskLimits(options: Given): { readonly diskReserveMib: number; readonly diskStallMs: number } {
  const { diskReserveMib = diskReserveMibDefault, diskStallMs = diskStallMsDefault } = options
  if (typeof diskReserveMib !== 'number' || !(diskReserveMib >= 0 && diskReserveMib < Infinity)) {
    refuse(`the reserve on the disk (${shown(diskReserveMib)} MiB) must be a number from 0, as in 64`)
  }
  if (typeof diskStallMs !== 'number' || !(diskStallMs >= 0)) {
    refuse(
      `the time after which a disk is stalled (${shown(diskStallMs)} ms) must be a time, as in 1000, or 0 for never`,
    )
  }
  return { diskReserveMib, diskStallMs }
}

function checkDatagramBytes(bytes: unknown): void {
  const [least, most] = [datagramBytesUnknownPath, datagramBytesLimit]
  if (bytes === undefined || (typeof bytes === 'number' && bytes >= least && bytes <= most)) return
  refuse(`datagrams of ${shown(bytes)} bytes are not possible: choose from ${least} to ${most}`)
}

function checkSnapshotEvery(mib: unknown): void {
  if (mib === undefined || (typeof mib === 'number' && mib > 0 && mib <= 1_048_576)) return
  refuse(`a snapshot every ${shown(mib)} MiB is not possible: choose a number above 0, as in 64`)
}

function checkFunctions(what: string, object: unknown, names: readonly string[]): void {
  if (object === undefined) return
  const missing = isObject(object) ? names.filter(name => typeof object[name] !== 'function') : names
  if (missing.length > 0)
    refuse(`${what} must have the functions ${names.join(', ')}: there is no ${missing.join(', ')}`)
}

function checkFaults(faults: unknown): void {
  if (faults === undefined) return
  if (!isObject(faults)) refuse(`faults are an object, as in { seed: 1, lossShare: 0.1 }, not ${shown(faults)}`)
  checkNames(faults, ['seed', 'cut', ...Object.keys(noFaults)], 'faults')
  const { cut = [], seed, ...shares } = faults
  if (!Array.isArray(cut)) refuse(`faults.cut is an array of server ids, not ${shown(cut)}`)
  if (seed === undefined) refuse('faults need a seed, as in { seed: 1, lossShare: 0.1 }')
  for (const [name, number] of Object.entries({ seed, ...shares })) {
    if (typeof number !== 'number') refuse(`faults.${name} is a number, not ${shown(number)}`)
  }
}

function checkNames(options: object, known: readonly string[], what: string): void {
  const wrong = unknownOption(options, known, what)
  if (wrong !== null) refuse(wrong)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(message: string): never {
  throw new ServerError('usage', message)
}
