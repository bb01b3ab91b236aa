/** Options that `serve` knows and `dev` hands on to the servers that it starts. */
import { datagramBytesLimit, datagramBytesUnknownPath, serverIdMax } from '../codec/limits.js'
import type { ServerFaults } from '../src/node/server-options.js'
import type { Values } from './option.js'
import { amount, optional, milliseconds, range, share, whole, withDefault } from './option.js'

/** Of servers and of clients: each side sends as it is told, and takes any size. */
export const datagramBytesMaxOption = optional(
  'Payload of the datagrams sent, on every path; found out by default',
  whole(datagramBytesUnknownPath, datagramBytesLimit),
)

export const tuningOptions = {
  heartbeatMs: withDefault('A leader speaks to each follower at least so often', milliseconds, '25'),
  electionTimeoutMs: withDefault(
    't: a follower waits [t, 2t) ms for its leader before an election',
    milliseconds,
    '200',
  ),
  snapshotEveryMib: withDefault(
    'A snapshot is taken when the log has grown by so many MiB',
    amount(0, 1_048_576, false),
    '64',
  ),
  datagramBytesMax: datagramBytesMaxOption,
}

export const diskOptions = {
  diskReserveMib: withDefault(
    'Leave so much of the file system free: less counts as a full disk; 0: fill it',
    amount(0),
    '64',
  ),
  diskStallMs: withDefault(
    'A disk with a write under way for so long is stalled: a leader hands over; 0: never',
    amount(0),
    '1000',
  ),
}

export const faultOptions = {
  faultLoss: withDefault('Share of sent datagrams that are lost, 0 to 1', share, '0'),
  faultDuplicate: withDefault('Share that is sent twice', share, '0'),
  faultReorder: withDefault('Share that is held back, so that others overtake it', share, '0'),
  faultCorrupt: withDefault('Share in which bits are flipped', share, '0'),
  faultDelayMs: optional('Delay of every datagram, drawn from A..B ms', range),
  faultCut: optional('Servers that are neither sent to nor heard: ID,ID', serverIds),
  faultSeed: withDefault('Equal seeds draw equal faults', whole(0), '1'),
}

/** The faults that were asked for; undefined for none, so that nothing stands between a server and its socket. */
export function faultsOf(options: Values<typeof faultOptions>): ServerFaults | undefined {
  const { faultDelayMs: delay, faultCut: cut = [] } = options
  const faults: ServerFaults = {
    seed: options.faultSeed,
    lossShare: options.faultLoss,
    duplicateShare: options.faultDuplicate,
    reorderShare: options.faultReorder,
    corruptShare: options.faultCorrupt,
    delayFromMs: delay?.from ?? 0,
    delayToMs: delay?.to ?? 0,
    cut,
  }
  const { lossShare = 0, duplicateShare = 0, reorderShare = 0, corruptShare = 0, delayToMs = 0 } = faults
  return lossShare + duplicateShare + reorderShare + corruptShare + delayToMs + cut.length > 0 ? faults : undefined
}

function serverIds(typed: string): readonly number[] {
  return typed.split(',').map(whole(1, serverIdMax))
}
