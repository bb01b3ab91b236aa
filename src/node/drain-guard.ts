/**
 * After a pause (garbage collection, SIGSTOP, a slow write) a timer may fire before the datagrams that wait in the socket
 * were read, among them heartbeats of a living leader. So before time is judged, the socket is read: while a poll round
 * delivered as many datagrams as Node reads at most in one, another round goes first, up to a bound.
 */
import type { Socket } from '../transport/socket.js'

/** Node reads at most this many datagrams in one round of the event loop (libuv, uv__udp_recvmsg). */
const datagramsPerRound = 32
const roundsMax = 8

export class DrainGuard {
  private readonly socket: Pick<Socket, 'datagramsReceived'>
  private rounds = 0
  private received = 0

  constructor(socket: Pick<Socket, 'datagramsReceived'>) {
    this.socket = socket
  }

  /** A timer fired: the round that begins now is the first to be looked at. */
  begin(): void {
    this.rounds = 0
    this.received = this.socket.datagramsReceived
  }

  /** To be asked at the end of each round: was it full, so that more may wait? */
  mustWait(): boolean {
    const received = this.socket.datagramsReceived - this.received
    this.received = this.socket.datagramsReceived
    this.rounds++
    return received >= datagramsPerRound && this.rounds < roundsMax
  }
}
