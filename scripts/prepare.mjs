// Builds, unless what is built is newer than every source. The first `npx raftgram` in this folder installs the folder as
// a package, which prepares it: without this it would delete and build anew what a running cluster is started from.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'dist/.built')
const folders = ['src', 'codec', 'bin', 'bench', 'test', 'scripts']
const files = ['package.json', 'package-lock.json', 'tsconfig.json']

const newestMs = Math.max(
  ...files.map(file => statSync(join(root, file)).mtimeMs),
  ...folders.flatMap(folder =>
    [folder, ...readdirSync(join(root, folder), { recursive: true }).map(name => join(folder, name))].map(
      path => statSync(join(root, path)).mtimeMs,
    ),
  ),
)
if (!existsSync(stamp) || statSync(stamp).mtimeMs < newestMs) {
  process.exitCode = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' }).status ?? 1
}
