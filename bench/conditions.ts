/** The conditions of a run: a number without them says nothing. */
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** Magic numbers of file systems (statfs(2)) that data may lie on. */
const fileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x01021994, 'tmpfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'zfs'],
  [0x6969, 'nfs'],
  [0x858458f6, 'ramfs'],
])

/** The file system of a directory, by name or as a number. */
export function fileSystemOf(directory: string): string {
  const { type } = statfsSync(directory)
  return fileSystems.get(type) ?? `0x${type.toString(16)}`
}

/** A sync there costs nothing and means nothing. */
export function isInMemory(directory: string): boolean {
  return ['tmpfs', 'ramfs'].includes(fileSystemOf(directory))
}

export interface MachineConditions {
  readonly node: string
  readonly platform: string
  readonly cores: number
  readonly cpuModel: string
  readonly memoryMiB: number
}

/** The machine and the programs on it. */
export function machineConditions(): MachineConditions {
  return {
    node: process.version,
    platform: `${process.platform} ${release()} ${process.arch}`,
    cores: availableParallelism(),
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  }
}
