/**
 * The Socket port: datagrams to and from addresses, nothing more. The real one is socket-udp.ts, faults are injected by
 * socket-faults.ts (a socket around a socket), and a simulator has its own.
 */

/** An IP literal and a port. `key` is "host:port" ("[host]:port" for IPv6), made once, to look things up by. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly key: string
}

export interface Socket {
  /** Where it is bound. */
  readonly address: Address
  /** True size of the kernel's receive buffer, read back after it was set, in the kernel's own accounting. */
  readonly receiveBufferBytes: number
  /**
   * Hands a datagram to the kernel now. Returns true if `bytes` may be reused at once, false if the kernel was busy and
   * still refers to them. No error is thrown: errors are counted by code. A datagram that was sent may still be lost.
   */
  send(bytes: Uint8Array, to: Address): boolean
  /** Bytes that the kernel has not taken yet: the signal to hold back. */
  readonly sendQueueBytes: number
  /** Datagrams delivered so far: lets the shell see whether the last poll round was full. */
  readonly datagramsReceived: number
  /** Send errors so far by code (EMSGSIZE, ENETUNREACH ...). */
  readonly sendErrors: ReadonlyMap<string, number>
  /** Set once by the owner; `bytes` is the receiver's to keep. */
  onDatagram: (bytes: Uint8Array, from: Address) => void
  /** The socket itself broke (not one datagram). */
  onError: (error: Error) => void
  close(done: () => void): void
}
