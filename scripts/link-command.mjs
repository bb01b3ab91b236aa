// The built command starts by itself, and `npx raftgram` in this folder finds it. Without the link npx would install the
// folder as a package first, which builds it again under the feet of whatever runs from it.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'

const command = new URL('../dist/bin/raftgram.js', import.meta.url)
const links = new URL('../node_modules/.bin/', import.meta.url)

chmodSync(command, 0o755)
mkdirSync(links, { recursive: true })
rmSync(new URL('raftgram', links), { force: true })
if (process.platform !== 'win32') symlinkSync('../../dist/bin/raftgram.js', new URL('raftgram', links))
