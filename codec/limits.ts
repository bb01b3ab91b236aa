/** Every limit of the formats, in one place, with its reason. */

/** The largest UDP payload over IPv4: 65,535 less 20 bytes of IP header and 8 of UDP header. */
export const udpPayloadBytesMax = 65_507

/** The largest datagram that is ever sent. A larger message travels in fragments. */
export const datagramBytesLimit = 60_000

/** Payload that every IPv6 path carries (RFC 9000 section 14): what is used where nothing is known of a path. */
export const datagramBytesUnknownPath = 1_200

/** Between loopback addresses: large enough to share one system call among hundreds of messages, small enough that
 *  receiving it stays off the garbage collector's large-object path (measured: 60 kB costs several times more GC). */
export const datagramBytesLoopback = 32_768

/** Keys are identifiers: longer ones are nearly always a mistake. */
export const keyBytesMax = 1_024

/** 1 MiB: it is copied, written and sent as a whole, and whoever waits behind it waits for all of that. */
export const valueBytesMax = 1_048_576

/** What a state machine's command may take: the longest key, a value and one to compare with, and their headers. */
export const commandBytesMax = 2 * valueBytesMax + 2_048

/**
 * The largest message that travels, its head included: an AppendEntries with one entry that holds the largest command.
 * An Answer to a scan is less: a page takes as much as the longest key and value with their headers (src/kv/limits.ts).
 */
export const messageBytesMax = commandBytesMax + 1_024

/** Fragments of one message: enough for the largest in the smallest datagrams, and what a receiver has to bear. */
export const fragmentsMax = 4_096

/** Voters of one configuration. More than a handful only slows a cluster down; the bound is for what strangers write. */
export const votersMax = 64

/**
 * A piece of a snapshot, 31 KiB with the head of its chunk: its message, with the most voters, is one datagram between
 * loopback addresses, which is read where it came in, and 23 or 24 of Ethernet.
 */
export const snapshotPieceBytesMax = 31_736

/** A result is kept for repeats by every session, so it is small: status and revision, never values. */
export const resultBytesMax = 1_024

/** Requests of one session that may be outstanding: a sequence number further ahead is refused. */
export const sequenceWindow = 16_384

/** Sessions kept; the least recently used by log order goes. */
export const sessionsMax = 65_536

/** Server ids fit 16 bits. */
export const serverIdMax = 65_535

/** A member's "HOST:PORT" in a Welcome; a longer one is left out, because clients know addresses from elsewhere too. */
export const addressBytesMax = 64

/**
 * A Hello is padded to this, and no Welcome is larger, so that a forged sender's address gains an attacker nothing:
 * enough for seven members with the longest addresses (24 bytes, and 3 + 64 for each member), in the smallest datagram.
 */
export const helloBytes = 24 + 7 * (3 + addressBytesMax)
