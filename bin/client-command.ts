/** What all commands that talk to a cluster share: where it is, how long they wait, and how they end on Ctrl-C. */
import { Client } from '../src/client/client.js'
import type { ClientOptions } from '../src/client/types.js'
import { encodeKey, encodeValue } from '../src/client/values.js'
import { parseHostPort } from '../src/transport/address.js'
import type { Word } from './arguments.js'
import { exitStatus } from './exit-status.js'
import { milliseconds, withDefault } from './option.js'
import type { Output } from './output.js'
import { datagramBytesMaxOption } from './server-options.js'

/** Where `raftgram dev` listens by default. */
export const devPort = 7401
const devEndpoints = [devPort, devPort + 1, devPort + 2].map(port => `127.0.0.1:${port}`).join(',')

/** Addresses of servers; the port is one that a server can listen on. */
export function endpoints(typed: string): readonly string[] {
  const parts = typed.split(',').map(part => part.trim())
  const wrong = parts.find(part => (parseHostPort(part)?.port ?? 0) === 0)
  if (wrong !== undefined) throw new Error(`'${wrong}' is not HOST:PORT, as in 127.0.0.1:7401`)
  return [...new Set(parts)]
}

export const endpointsOption = withDefault(
  'Servers to ask, HOST:PORT,...; one that answers is enough',
  endpoints,
  devEndpoints,
)

export const clientOptions = {
  endpoints: endpointsOption,
  timeoutMs: withDefault('Give up after so many ms in all', milliseconds, '5000'),
  datagramBytesMax: datagramBytesMaxOption,
}

/** A word as a key; refused before anything is sent where it cannot be one. */
export function keyOf(word: Word | undefined): string {
  const key = word?.text ?? ''
  encodeKey(key)
  return key
}

/** A word as a value, which is text; refused before anything is sent where it is too large. */
export function valueOf(word: Word | undefined): string {
  const value = word?.text ?? ''
  encodeValue(value)
  return value
}

/** Time that is left of `timeoutMs`, as an option of a call. */
export type TimeLeft = () => { readonly timeoutMs: number }

interface Settings {
  readonly endpoints: readonly string[]
  readonly timeoutMs: number
  readonly datagramBytesMax: number | undefined
}

/** The options of `Client.connect` among those of a command. */
export function connection({ endpoints, timeoutMs, datagramBytesMax }: Settings): ClientOptions {
  return { endpoints, timeoutMs, ...(datagramBytesMax === undefined ? {} : { datagramBytesMax }) }
}

/**
 * Connects, does the work and closes, whatever happens. On SIGINT what is under way is given up, as its timeout would do
 * it: a write that was sent says that its outcome is unknown.
 */
export async function withClient<T>(
  settings: Settings,
  output: Output,
  work: (client: Client, left: TimeLeft) => Promise<T>,
): Promise<T> {
  const deadlineMs = performance.now() + settings.timeoutMs
  const interruptedEarly = () => {
    output.failure('unavailable', 'interrupted before anything was sent')
    process.exit(exitStatus.unavailable)
  }
  process.once('SIGINT', interruptedEarly)
  const client = await Client.connect(connection(settings))
  process.off('SIGINT', interruptedEarly)
  const interrupted = () => void client.close()
  process.once('SIGINT', interrupted)
  try {
    return await work(client, () => ({ timeoutMs: Math.max(1, Math.ceil(deadlineMs - performance.now())) }))
  } finally {
    process.off('SIGINT', interrupted)
    await client.close()
  }
}
