/**
 * What an operator does with the snapshots of a cluster that runs: have one taken by each server, and read one piece by
 * piece. One that was taken by a confirmed leader holds every write acknowledged before it was asked for; it is read from the
 * server that holds it, whether that goes on to lead or not.
 */
import type { SnapshotWish } from '../../codec/client-types.js'
import { RealClock } from '../base/real-clock.js'
import type { ToldSnapshot } from '../node/snapshot-requests.js'
import type { Address } from '../transport/socket.js'
import { Calls } from './calls.js'
import type { ClientCore } from './client-core.js'
import { openCore } from './connect.js'
import { NoSpaceError, UnavailableError } from './errors.js'
import { serverReports, type ServerReport } from './server-reports.js'

export interface SnapshotClientOptions {
  readonly endpoints: readonly string[]
  /** How long each answer is waited for. */
  readonly timeoutMs: number
  readonly datagramBytesMax: number | undefined
}

/** A server that gives no piece for so long has gone, and another can be read from. */
const readMsMax = 10_000

const whole = { lastIncludedIndex: 0, hash: 0, offset: 0 } as const

/** The snapshot that is read is no longer held, or its server has gone: another has to be taken. */
export class SnapshotGoneError extends Error {
  override readonly name = 'SnapshotGoneError'
  readonly code = 'unavailable'
}

export class SnapshotClient {
  private readonly core: ClientCore
  private readonly calls: Calls

  private constructor(core: ClientCore, calls: Calls) {
    this.core = core
    this.calls = calls
  }

  /** Resolves when one server has answered; rejects with UnavailableError where none does in time. */
  static async connect({ endpoints, timeoutMs, datagramBytesMax }: SnapshotClientOptions) {
    const clock = new RealClock()
    const core = await openCore(clock, { endpoints, limits: {}, datagramBytesMax: datagramBytesMax ?? null })
    const calls = new Calls(core, clock, timeoutMs)
    const outcome = await calls.outcome(timeoutMs, (deadlineMs, done) => core.connect(deadlineMs, done))
    if (outcome.code === 'ok') return new SnapshotClient(core, calls)
    await calls.close()
    throw new UnavailableError(`no server answered at ${endpoints.join(', ')} within ${timeoutMs} ms`)
  }

  /** Every server known, as `Client.status` tells of it. */
  status(): Promise<ServerReport[]> {
    return serverReports(this.core, this.calls, {})
  }

  /** Has the server at this address ("HOST:PORT") take a snapshot of what it has applied. */
  async take(address: string): Promise<ToldSnapshot> {
    return toldIn(await this.ask(this.addressOf(address), { act: 'take', ...whole }, this.calls.timeoutMs))
  }

  /** Has the leader take one of everything acknowledged so far, and keep it for `read`. */
  async hold(): Promise<{ readonly told: ToldSnapshot; readonly server: Address }> {
    const told = toldIn(await this.ask(null, { act: 'hold', ...whole }, this.calls.timeoutMs))
    const server = this.core.servers.find(({ serverId }) => serverId === told.serverId)
    if (server === undefined) throw new SnapshotGoneError(`server ${told.serverId} is not known by an address`)
    return { told, server: server.address }
  }

  /** A piece of 31 KiB of its body, or what is left of it. Rejects with SnapshotGoneError where it cannot be had any more. */
  async read(server: Address, told: ToldSnapshot, offset: number): Promise<Uint8Array> {
    const { lastIncludedIndex, hash, serverId } = told
    const timeoutMs = Math.min(this.calls.timeoutMs, readMsMax)
    try {
      return await this.ask(server, { act: 'read', lastIncludedIndex, hash, offset }, timeoutMs)
    } catch (error) {
      if (error instanceof UnavailableError) {
        throw new SnapshotGoneError(`server ${serverId} does not go on sending its snapshot: ${error.message}`)
      }
      throw error
    }
  }

  close(): Promise<void> {
    return this.calls.close()
  }

  private addressOf(key: string): Address {
    const server = this.core.servers.find(({ address }) => address.key === key)
    if (server === undefined) throw new UnavailableError(`no server is known at ${key}`)
    return server.address
  }

  private async ask(address: Address | null, wish: SnapshotWish, timeoutMs: number): Promise<Uint8Array> {
    const outcome = await this.calls.outcome(timeoutMs, (deadlineMs, done) =>
      this.core.snapshot(address, wish, deadlineMs, ended => {
        // The bytes are only lent.
        done(ended.code === 'ok' ? { code: 'ok', result: ended.result.slice() } : ended)
      }),
    )
    if (outcome.code === 'ok') return outcome.result
    if (outcome.code === 'no-snapshot') throw new SnapshotGoneError(outcome.why)
    if (outcome.code === 'no-space') throw new NoSpaceError(`no snapshot was taken: ${outcome.why}`)
    throw new UnavailableError(`no answer about snapshots: ${outcome.why}`)
  }
}

function toldIn(json: Uint8Array): ToldSnapshot {
  return JSON.parse(new TextDecoder().decode(json)) as ToldSnapshot
}
