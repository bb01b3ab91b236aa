/**
 * Hosts of their own on this machine: network namespaces on one bridge, with Ethernet's MTU, whose packets can be dropped
 * by the kernel. All of it lies in namespaces named with this process's id, the bridge too, so nothing of the machine's own
 * network is touched, and removing the namespaces removes everything. There may be several such networks, which know
 * nothing of each other and use the same addresses. Linux and root only.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Packets that hosts were sent, and how many of them the kernel dropped. */
export interface Losses {
  readonly arrived: number
  readonly dropped: number
}

/** Why there can be no namespaces here; null: there can. */
export async function whyNoHosts(): Promise<string | null> {
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

const removeTriesMax = 4

/** Losses are drawn in parts of so many. */
const parts = 1_000_000

/** Networks that this process has made. */
let networks = 0

export class Hosts {
  private readonly count: number
  private readonly network = ++networks

  private constructor(count: number) {
    this.count = count
  }

  /** Hosts 1 to `count` and the bridge between them. Whoever makes them removes them; where making fails, nothing stays. */
  static async make(count: number): Promise<Hosts> {
    const hosts = new Hosts(count)
    try {
      await hosts.build()
    } catch (error) {
      await hosts.remove()
      throw error
    }
    return hosts
  }

  /** What to put before a command that is to run on a host. It becomes that command: the process id stays. */
  on(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.nameOf(host)]
  }

  addressOf(host: number): string {
    return `10.74.1.${host}`
  }

  /**
   * From now on so many of a hundred packets between two hosts are lost, in each direction. A packet is dropped where it
   * arrives and nowhere else, so it meets the rule once. Counting begins anew.
   */
  async lose(percent: number): Promise<void> {
    const rules = `iifname "eth0" counter\niifname "eth0" numgen random mod ${parts} < ${Math.round((percent / 100) * parts)} counter drop`
    const table = `table inet loss {\nchain input {\ntype filter hook input priority 0\n${rules}\n}\n}`
    const script = `table inet loss\ndelete table inet loss\n${table}`
    for (let host = 1; host <= this.count; host++) await execute('ip', [...this.on(host).slice(1), 'nft', script])
  }

  /** What all hosts together have counted since `lose`. */
  async losses(): Promise<Losses> {
    let [arrived, dropped] = [0, 0]
    for (let host = 1; host <= this.count; host++) {
      const { stdout } = await execute('ip', [...this.on(host).slice(1), 'nft', 'list', 'table', 'inet', 'loss'])
      const counted = [...stdout.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets))
      arrived += counted[0] ?? 0
      dropped += counted[1] ?? 0
    }
    return { arrived, dropped }
  }

  async remove(): Promise<void> {
    for (let host = 0; host <= this.count; host++) {
      const deletes = () => succeeds('ip', 'netns', 'delete', this.nameOf(host))
      // A second Ctrl-C ends what is at work for us, too. What was never made cannot be deleted, however often.
      for (let tries = 1; !(await deletes()) && tries < removeTriesMax; tries++);
    }
  }

  private async build(): Promise<void> {
    const bridge = this.nameOf(0)
    await ip('netns', 'add', bridge)
    await ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge')
    await ip('-n', bridge, 'link', 'set', 'bridge', 'up')
    for (let host = 1; host <= this.count; host++) {
      const name = this.nameOf(host)
      await ip('netns', 'add', name)
      await ip('-n', bridge, 'link', 'add', `to${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      await ip('-n', bridge, 'link', 'set', `to${host}`, 'master', 'bridge', 'up')
      await ip('-n', name, 'address', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0')
      // Without the last, TCP's packets would pass in bundles of up to 64 KiB, each lost or kept as a whole.
      await ip('-n', name, 'link', 'set', 'eth0', 'mtu', '1500', 'gso_max_segs', '1', 'up')
      await ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  }

  private nameOf(host: number): string {
    return `raftgram-${process.pid}-${this.network}-${host}`
  }
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
