/** The stories by name, for mutants that neither seeds nor searches find. */
import { paused } from './pauses.js'
import type { Script } from './script.js'
import { forgedAddress, formerBoot, otherCluster, replayed } from './strangers.js'

export const scripts: readonly Script[] = [replayed, formerBoot, forgedAddress, otherCluster, paused]
