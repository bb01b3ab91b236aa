/** The signals that ask a process to end. */

const asksToEnd: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Resolves at the first of them. Later ones change nothing: Ctrl-C reaches the whole process group, and whoever started
 * this process (npm, `raftgram dev`) passes it on as well, so a second one does not mean a hurry.
 */
export function askedToEnd(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of asksToEnd) process.on(signal, () => resolve(signal))
  })
}
