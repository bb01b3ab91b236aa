/** The stories by name, for mutants that neither seeds nor searches find. */
import { busyPath } from './busy-path.js'
import { lateCopy } from './late-copy.js'
import { deafLeader, unheardLeader } from './one-way.js'
import { paused } from './pauses.js'
import { takenPlaces } from './places.js'
import { founding, hardStates, killedFirst, killedInWrite, tornInWrite } from './power.js'
import { killedUnderLoad, longReplay } from './restarts.js'
import { replacedTail } from './replaced-tail.js'
import { rottenEnd, rottenHeader } from './rot.js'
import type { Script } from './script.js'
import {
  anotherSnapshot,
  killedReceiving,
  leftBehindUnderLoad,
  olderCopy,
  slowFollower,
  slowLeader,
} from './snapshots.js'
import { forgedAddress, formerBoot, otherCluster, replayed } from './strangers.js'

export const scripts: readonly Script[] = [
  replayed,
  formerBoot,
  forgedAddress,
  otherCluster,
  paused,
  deafLeader,
  unheardLeader,
  lateCopy,
  replacedTail,
  takenPlaces,
  rottenHeader,
  rottenEnd,
  founding,
  hardStates,
  killedFirst,
  killedInWrite,
  tornInWrite,
  killedReceiving,
  slowLeader,
  slowFollower,
  leftBehindUnderLoad,
  anotherSnapshot,
  olderCopy,
  longReplay,
  killedUnderLoad,
  busyPath,
]
