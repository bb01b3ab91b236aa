/** Does a data directory belong to the cluster that the options name? After the first start the directory wins. */
import type { Identity } from '../../codec/identity.js'
import { ServerError } from './server-error.js'

/** Throws ServerError `usage` that names the difference. `clusterName` undefined: not given, the directory's is taken. */
export function checkIdentity(identity: Identity, clusterName: string | undefined, clusterList: string): void {
  if (clusterName !== undefined && clusterName !== identity.clusterName) {
    const stored = identity.clusterName === '' ? 'no name' : `the name ${identity.clusterName}`
    throw new ServerError(
      'usage',
      `--cluster-name is ${clusterName}, but this data directory was founded with ${stored}: use that, or another directory`,
    )
  }
  if (clusterList !== identity.foundingCluster) {
    throw new ServerError(
      'usage',
      `--cluster is ${clusterList}, but this data directory was founded with ${identity.foundingCluster}: ` +
        'use that, or another directory',
    )
  }
}
