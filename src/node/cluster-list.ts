/**
 * The cluster list as it is typed: "1=HOST:PORT,2=HOST:PORT,3=HOST:PORT". Pure: names are looked up elsewhere. Every
 * server must be given the same servers, so what is ambiguous is refused rather than guessed: an id written in two ways
 * ("1" and "01") would be two servers to a careless reader.
 */
import { isIP } from 'node:net'
import { serverIdMax } from '../../codec/limits.js'
import { hashBytes } from '../base/hash.js'
import { addressOf, parseHostPort } from '../transport/address.js'
import { ServerError } from './server-error.js'

export interface ClusterMember {
  /** 1..65535. */
  readonly id: number
  /** HOST:PORT as given; the host may be a name. */
  readonly address: string
}

export interface ClusterList {
  /** In the order of their ids. */
  readonly members: readonly ClusterMember[]
  /** The list again, in the order of the ids: equal for equal clusters, however it was typed. */
  readonly text: string
  /** What an operator should know of a cluster of this size, or null. */
  readonly warning: string | null
}

/** A commit waits for a majority: more servers make every write slower and tolerate failures nobody plans for. */
const membersMax = 7

/** Reads a cluster list. Throws ServerError `usage` with one line that says what is wrong and how to mend it. */
export function parseClusterList(text: string): ClusterList {
  const members = text.split(',').map(parseMember)
  if (members.length > membersMax) {
    refuse(`the cluster list has ${members.length} servers, the limit is ${membersMax}: leave some out`)
  }
  const ids = new Set<number>()
  const addresses = new Map<string, number>()
  for (const { id, address } of members) {
    if (ids.has(id)) refuse(`the cluster list names server ${id} twice: give every server an id of its own`)
    ids.add(id)
    const key = comparable(address)
    const other = addresses.get(key)
    if (other !== undefined) {
      refuse(`the cluster list gives servers ${other} and ${id} the same address ${address}: each needs its own port`)
    }
    addresses.set(key, id)
  }
  members.sort((a, b) => a.id - b.id)
  return {
    members,
    text: members.map(({ id, address }) => `${id}=${address}`).join(','),
    warning: warningOf(members.length),
  }
}

/** The id of a cluster: a hash of its name, or of its founding list where it has none. Never 0. */
export function clusterIdOf(nameOrList: string): number {
  return hashBytes(new TextEncoder().encode(nameOrList), 0) || 1
}

function parseMember(part: string): ClusterMember {
  const equals = part.indexOf('=')
  if (equals < 0) refuse(`'${part}' in the cluster list is not ID=HOST:PORT, as in 1=127.0.0.1:7401,2=127.0.0.1:7402`)
  const idText = part.slice(0, equals)
  const id = Number(idText)
  if (!/^[1-9]\d{0,4}$/.test(idText) || id > serverIdMax) {
    refuse(`'${idText}' in the cluster list is not a server id: use a whole number from 1 to ${serverIdMax}`)
  }
  const address = part.slice(equals + 1)
  const parsed = parseHostPort(address)
  if (parsed === null || parsed.port === 0) {
    refuse(`'${address}' of server ${id} in the cluster list is not HOST:PORT, as in 127.0.0.1:7401 or [::1]:7401`)
  }
  return { id, address }
}

/** One spelling for all spellings of an address, as far as that is known without looking names up. */
function comparable(address: string): string {
  const { host, port } = parseHostPort(address)!
  return isIP(host) === 0 ? `${host.toLowerCase()}:${port}` : addressOf(host, port).key
}

function warningOf(size: number): string | null {
  if (size % 2 === 1) return null
  const failures = size / 2 - 1
  return (
    `a cluster of ${size} servers survives the loss of ${failures}, no more than one of ${size - 1} does, ` +
    `and waits for more answers: use ${size - 1} or ${size + 1}`
  )
}

function refuse(message: string): never {
  throw new ServerError('usage', message)
}
