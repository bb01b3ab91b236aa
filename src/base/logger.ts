/** What the parts of a server and a client need of a logger; pino's fits. They never make one of their own. */

/** One line: fields for machines, a message for people. */
export type Log = (fields: object, message: string) => void

export interface Logger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
}

const silent: Log = () => undefined

/** Says nothing: the default of the library. */
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent }
