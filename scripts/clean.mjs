// Removes the built files, so that a module that was deleted or renamed leaves nothing behind that still runs.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
