/** A transport whose owner's messages are seen on their way out and in: for the invariants that speak of messages. */
import type { ServerMessage } from '../../codec/client-types.js'
import type { ServerId } from '../raft/types.js'
import type { Address } from '../transport/socket.js'
import type { Transport } from '../transport/transport.js'
import type { Link, TransportApi, TransportStatus, WireMessage } from '../transport/types.js'

export interface TransportWatch {
  /** Before a message is queued. */
  says(link: Link, message: WireMessage): void
  /** Before a message is handed out. */
  hears(link: Link, message: WireMessage): void
}

export class WatchedTransport implements TransportApi {
  private readonly inner: Transport
  private readonly watch: TransportWatch

  constructor(inner: Transport, watch: TransportWatch) {
    this.inner = inner
    this.watch = watch
  }

  addPeer(id: ServerId, address: Address): Link {
    return this.inner.addPeer(id, address)
  }

  peer(id: ServerId): Link | undefined {
    return this.inner.peer(id)
  }

  askForWord(link: Link): void {
    this.inner.askForWord(link)
  }

  linkTo(address: Address): Link {
    return this.inner.linkTo(address)
  }

  restDueAtMs(nowMs: number): number {
    return this.inner.restDueAtMs(nowMs)
  }

  send(link: Link, message: WireMessage): boolean {
    this.watch.says(link, message)
    return this.inner.send(link, message)
  }

  mayAnswer(link: Link): boolean {
    return this.inner.mayAnswer(link)
  }

  welcome(to: Address, message: ServerMessage): void {
    this.inner.welcome(to, message)
  }

  flush(): void {
    this.inner.flush()
  }

  set onMessage(onMessage: (link: Link, message: WireMessage) => void) {
    this.inner.onMessage = (link, message) => {
      this.watch.hears(link, message)
      onMessage(link, message)
    }
  }

  set onHello(onHello: (from: Address, nonce: number) => void) {
    this.inner.onHello = onHello
  }

  set onRoom(onRoom: () => void) {
    this.inner.onRoom = onRoom
  }

  get status(): TransportStatus {
    return this.inner.status
  }

  close(done: () => void): void {
    this.inner.close(done)
  }
}
