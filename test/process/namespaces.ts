/** The hosts of bench/loss/hosts.ts as a test has them: for as long as it runs. */
import type { Test } from 'tap'
import { Hosts } from '../../bench/loss/hosts.js'

/** Hosts 1 to `count`. Removed when the test has ended. */
export async function makeHosts(t: Test, count: number): Promise<Hosts> {
  const hosts = await Hosts.make(count)
  t.teardown(() => hosts.remove())
  return hosts
}
