// The built command starts by itself, and a stamp says that the build is whole.
import { chmodSync, writeFileSync } from 'node:fs'

chmodSync(new URL('../dist/bin/raftgram.js', import.meta.url), 0o755)
writeFileSync(new URL('../dist/.built', import.meta.url), '')
