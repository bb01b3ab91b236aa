/** The version of this package, from its own package.json, wherever the built file lies below it. */
import { existsSync, readFileSync } from 'node:fs'

export function packageVersion(): string {
  let file = new URL('../package.json', import.meta.url)
  while (!existsSync(file)) {
    const above = new URL('../package.json', file)
    if (above.href === file.href) return 'unknown'
    file = above
  }
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}
