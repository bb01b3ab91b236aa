/** What `import ... from 'raftgram'` gives. Everything else is inside. */
export { Client } from './client/client.js'
export * from './client/errors.js'
export type { ExpectedValue } from './client/expected.js'
export type { ServerReport } from './client/server-reports.js'
export type {
  CallOptions,
  ClientOptions,
  Found,
  FoundRaw,
  ReadOptions,
  ScanOptions,
  ScannedRecord,
} from './client/types.js'
export { Server } from './node/server.js'
export type { ServerFaults, ServerOptions } from './node/server-options.js'
export { ServerError } from './node/server-error.js'
export type { ServerErrorCode } from './node/server-error.js'
export type { ServerStatus } from './node/status.js'
export type { ApplyContext, StateMachine } from './session/types.js'
