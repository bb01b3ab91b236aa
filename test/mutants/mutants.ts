/** All mutants. What kills each of them is in killers.json, and told in docs/mutants.md. */
import { admissionMutants } from './list/admission.js'
import { electionMutants } from './list/elections.js'
import { replicationMutants } from './list/replication.js'
import { sessionMutants } from './list/sessions.js'
import { snapshotMutants } from './list/snapshots.js'
import { storageMutants, transportMutants } from './list/storage.js'
import type { Mutant } from './mutant.js'

export const mutants: readonly Mutant[] = [
  ...electionMutants,
  ...replicationMutants,
  ...sessionMutants,
  ...storageMutants,
  ...snapshotMutants,
  ...admissionMutants,
  ...transportMutants,
]
