/**
 * The processor time that servers on this host use, as the kernel counts it (proc(5)). A server is
 * found by the UDP port that it listens on, so it does not matter who started it.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseAddress } from '../src/transport/address.js'

export interface Usage {
  /** User and system time, in microseconds; the kernel counts in ticks of 10,000. */
  readonly cpuUs: number
}

/** USER_HZ is 100 on every Linux that Node runs on. */
export const usPerTick = 10_000

/** Process ids of the servers at `addresses`, or null where one is not on this host or cannot be found. */
export function findProcesses(addresses: readonly string[]): readonly number[] | null {
  try {
    const inodes = socketInodes()
    const holders = socketHolders()
    const pids = addresses.map(address => {
      const port = isLocal(address) ? parseAddress(address)?.port : undefined
      const inode = port === undefined ? undefined : inodes.get(port)
      return inode === undefined ? undefined : holders.get(inode)
    })
    return pids.every(pid => pid !== undefined) ? pids : null
  } catch {
    // Not Linux, or somebody else's processes.
    return null
  }
}

/** What all of them used since they started, or null where the kernel does not say. */
export function usageOf(pids: readonly number[]): Usage | null {
  try {
    let cpuUs = 0
    for (const pid of pids) {
      // The name in the second field may hold anything, blanks and brackets too: count from its end.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      cpuUs += (Number(fields[11]) + Number(fields[12])) * usPerTick
    }
    return { cpuUs }
  } catch {
    return null
  }
}

function isLocal(address: string): boolean {
  const host = parseAddress(address)?.host
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  return host !== undefined && own.some(each => each.address === host || (each.internal && host.startsWith('127.')))
}

/** Inode of the socket by UDP port. */
function socketInodes(): ReadonlyMap<number, string> {
  const inodes = new Map<number, string>()
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    for (const line of readFileSync(file, 'latin1').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)
      if (Number.isInteger(port)) inodes.set(port, fields[9]!)
    }
  }
  return inodes
}

/** Process id by inode of a socket that it holds open. */
function socketHolders(): ReadonlyMap<string, number> {
  const holders = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    for (const target of openFiles(pid)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined) holders.set(inode, Number(pid))
    }
  }
  return holders
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(descriptor => readlinkSync(`/proc/${pid}/fd/${descriptor}`))
  } catch {
    // It has ended meanwhile, or belongs to someone else.
    return []
  }
}
