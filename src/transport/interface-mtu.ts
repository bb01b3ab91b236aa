/** The MTU of this machine's interfaces, asked of the kernel: Linux shows it under /sys, elsewhere it is not known. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/**
 * MTU of the interface that has this address; where none has (0.0.0.0 stands for all of them), the smallest of those that
 * are up and not loopback. Null where there is none or it cannot be read.
 */
export function interfaceMtuBytes(host: string): number | null {
  let smallest: number | null = null
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses === undefined || addresses.every(({ internal }) => internal)) continue
    const mtu = readMtuBytes(name)
    if (addresses.some(({ address }) => address === host)) return mtu
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
