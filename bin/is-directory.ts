/** Whether there is a directory at this path. A path that leads through a file has none: `throwIfNoEntry` of stat is not enough. */
import { existsSync, statSync } from 'node:fs'

export function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
