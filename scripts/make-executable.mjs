// The built command starts by itself: `npx raftgram` and `dist/bin/raftgram.js` run the file, not node with the file.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/bin/raftgram.js', import.meta.url), 0o755)
