/** A transport whose owner's messages are seen on their way out: for the invariants that speak of messages. */
import type { ServerMessage } from '../../codec/client-types.js'
import type { ServerId } from '../raft/types.js'
import type { Address } from '../transport/socket.js'
import type { Transport } from '../transport/transport.js'
import type { Link, TransportApi, TransportStatus, WireMessage } from '../transport/types.js'

export class WatchedTransport implements TransportApi {
  private readonly inner: Transport
  private readonly onSend: (to: ServerId, message: WireMessage) => void

  /** `onSend` is told of each message to a peer before it is queued. */
  constructor(inner: Transport, onSend: (to: ServerId, message: WireMessage) => void) {
    this.inner = inner
    this.onSend = onSend
  }

  addPeer(id: ServerId, address: Address): Link {
    return this.inner.addPeer(id, address)
  }

  peer(id: ServerId): Link | undefined {
    return this.inner.peer(id)
  }

  linkTo(address: Address): Link {
    return this.inner.linkTo(address)
  }

  send(link: Link, message: WireMessage): boolean {
    if (link.serverId !== 0) this.onSend(link.serverId, message)
    return this.inner.send(link, message)
  }

  welcome(to: Address, message: ServerMessage): void {
    this.inner.welcome(to, message)
  }

  flush(): void {
    this.inner.flush()
  }

  set onMessage(onMessage: (link: Link, message: WireMessage) => void) {
    this.inner.onMessage = onMessage
  }

  set onHello(onHello: (from: Address, nonce: number) => void) {
    this.inner.onHello = onHello
  }

  set onRoom(onRoom: () => void) {
    this.inner.onRoom = onRoom
  }

  get clientLinks(): number {
    return this.inner.clientLinks
  }

  get status(): TransportStatus {
    return this.inner.status
  }

  close(done: () => void): void {
    this.inner.close(done)
  }
}
