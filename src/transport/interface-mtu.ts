/** The MTU of this machine's interfaces, asked of the kernel: Linux shows it under /sys, elsewhere it is not known. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/** Smallest MTU of the interfaces that are up and not loopback; null where there is none or it cannot be read. */
export function smallestInterfaceMtuBytes(): number | null {
  let smallest: number | null = null
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses === undefined || addresses.every(({ internal }) => internal)) continue
    const mtu = readMtuBytes(name)
    if (mtu === null) return null
    if (smallest === null || mtu < smallest) smallest = mtu
  }
  return smallest
}

function readMtuBytes(interfaceName: string): number | null {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${interfaceName}/mtu`, 'latin1'))
    return Number.isInteger(mtu) && mtu > 0 ? mtu : null
  } catch {
    return null
  }
}
