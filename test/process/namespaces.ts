/**
 * Hosts of their own on this machine: network namespaces on one bridge, with Ethernet's MTU, whose packets can be dropped
 * by the kernel. All of it lies in namespaces named with this process's id, the bridge too, so nothing of the machine's own
 * network is touched, and removing the namespaces removes everything. Linux and root only.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const execute = promisify(execFile)

/** Why there can be no namespaces here; null: there can. */
export async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const tool of ['ip', 'nft']) {
    if (!(await succeeds(tool, '-V'))) return `${tool} is not installed`
  }
  const probe = `raftgram-${process.pid}-probe`
  if (!(await succeeds('ip', 'netns', 'add', probe))) return 'network namespaces cannot be made here'
  const hasFilter = await succeeds('ip', 'netns', 'exec', probe, 'nft', 'add', 'table', 'inet', 'probe')
  await execute('ip', ['netns', 'delete', probe])
  return hasFilter ? null : 'nftables does not work in a namespace here'
}

export class Namespaces {
  private readonly count: number

  private constructor(count: number) {
    this.count = count
  }

  /** Hosts 1 to `count` and the bridge between them. Removed when the test has ended. */
  static async make(t: Test, count: number): Promise<Namespaces> {
    const hosts = new Namespaces(count)
    t.teardown(() => hosts.remove())
    const bridge = nameOf(0)
    await ip('netns', 'add', bridge)
    await ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge')
    await ip('-n', bridge, 'link', 'set', 'bridge', 'up')
    for (let host = 1; host <= count; host++) {
      const name = nameOf(host)
      await ip('netns', 'add', name)
      await ip('-n', bridge, 'link', 'add', `to${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      await ip('-n', bridge, 'link', 'set', `to${host}`, 'master', 'bridge', 'up')
      await ip('-n', name, 'address', 'add', `${hosts.addressOf(host)}/24`, 'dev', 'eth0')
      await ip('-n', name, 'link', 'set', 'eth0', 'mtu', '1500', 'up')
      await ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    return hosts
  }

  /** What to put before a command that is to run on a host. It becomes that command: the process id stays. */
  on(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', nameOf(host)]
  }

  addressOf(host: number): string {
    return `10.74.1.${host}`
  }

  /** From now on so many of a hundred packets between two hosts are lost, in each direction. */
  async lose(percent: number): Promise<void> {
    const rule = `iifname "eth0" numgen random mod 100 < ${percent} counter drop`
    const table = `table inet loss {\nchain input {\ntype filter hook input priority 0\n${rule}\n}\n}`
    for (let host = 1; host <= this.count; host++) await execute('ip', [...this.on(host).slice(1), 'nft', table])
  }

  /** Packets that all hosts together have dropped. */
  async dropped(): Promise<number> {
    let packets = 0
    for (let host = 1; host <= this.count; host++) {
      const { stdout } = await execute('ip', [...this.on(host).slice(1), 'nft', 'list', 'table', 'inet', 'loss'])
      for (const [, counted] of stdout.matchAll(/counter packets (\d+)/g)) packets += Number(counted)
    }
    return packets
  }

  private async remove(): Promise<void> {
    for (let host = 0; host <= this.count; host++) await succeeds('ip', 'netns', 'delete', nameOf(host))
  }
}

function nameOf(host: number): string {
  return `raftgram-${process.pid}-${host}`
}

async function ip(...words: readonly string[]): Promise<void> {
  await execute('ip', words)
}

async function succeeds(tool: string, ...words: readonly string[]): Promise<boolean> {
  try {
    await execute(tool, words)
    return true
  } catch {
    return false
  }
}
