/**
 * When what goes: the links with something to send or to wait for. The owner says when a turn ends (flush); what a closed
 * window held back then goes on by itself, when an acknowledgement opens the window or age does.
 */
import type { Clock, Timer } from '../base/clock.js'
import type { DatagramWriter } from './datagram-writer.js'
import type { TransportLink } from './link.js'
import type { Socket } from './socket.js'

/** With this much in libuv's queue the network takes less than we send: what waits here can still be dropped. */
const sendQueueBytesMax = 256 * 1024

/** How soon to look at the send queue again: nobody tells when it drains. */
const sendQueueRetryMs = 1

export interface OutgoingOptions {
  readonly socket: Socket
  readonly clock: Clock
  readonly writer: DatagramWriter
  /** The window to advertise now. */
  readonly promise: (nowMs: number) => number
  /** Messages were dropped because they had waited too long. */
  readonly onOutdated: (messages: number) => void
  /** What was held back may fit now. */
  readonly onRoom: () => void
}

export class Outgoing {
  private readonly options: OutgoingOptions
  private readonly timer: Timer
  private timerAtMs = Infinity
  /** Links with messages that wait, an acknowledgement that is owed, or a closed window. */
  private pending: TransportLink[] = []
  private flushIsAsked = false
  /** The owner was told of room and has not flushed since. */
  private roomIsTold = false
  private isStopped = false

  constructor(options: OutgoingOptions) {
    this.options = options
    this.timer = options.clock.timer(() => {
      this.timerAtMs = Infinity
      this.flush()
    })
  }

  /** This link has something to send at the next flush. */
  add(link: TransportLink): void {
    if (link.isPending) return
    link.isPending = true
    this.pending.push(link)
  }

  /** Sends what is queued, as far as windows and the socket allow. */
  flush(): void {
    this.roomIsTold = false
    if (this.pending.length === 0 || this.isStopped) return
    const { clock } = this.options
    const nowMs = clock.now()
    const links = this.pending
    this.pending = []
    let wakeAtMs = Infinity
    let opened = false
    for (const link of links) {
      link.isPending = false
      link.expire(nowMs)
      if (link.wasClosed && link.hasRoom) opened = true
      const isCongested = this.sendWhatMay(link, nowMs)
      link.wasClosed = !link.hasRoom
      if (link.outbox.isEmpty && !link.wasClosed) continue
      this.add(link)
      wakeAtMs = Math.min(wakeAtMs, isCongested ? nowMs + sendQueueRetryMs : link.wakeAtMs)
    }
    this.wakeAt(wakeAtMs)
    // The owner may have been refused room a moment before; it is in its turn now and wants to be told after.
    if (opened) clock.endOfTurn(() => this.tellOfRoom())
  }

  /** After a datagram of this link: its window may have opened, or enough may have come to be acknowledged. */
  received(link: TransportLink): void {
    const opened = link.wasClosed && link.hasRoom
    if (opened) {
      link.wasClosed = false
      this.tellOfRoom()
    }
    if (!link.owesAcknowledgement && (!opened || link.outbox.isEmpty)) return
    this.add(link)
    // The owner flushes at the end of a turn in which it has something to do; this may not be its business.
    if (this.flushIsAsked) return
    this.flushIsAsked = true
    this.options.clock.endOfTurn(() => {
      this.flushIsAsked = false
      this.flush()
    })
  }

  /** Sends nothing any more. */
  stop(): void {
    this.isStopped = true
    this.pending = []
    this.wakeAt(Infinity)
  }

  private tellOfRoom(): void {
    if (this.roomIsTold || this.isStopped) return
    this.roomIsTold = true
    this.options.onRoom()
  }

  /** Sends of one link what its window lets through. True: stopped because the socket is congested. */
  private sendWhatMay(link: TransportLink, nowMs: number): boolean {
    const { socket, writer, promise, onOutdated } = this.options
    const { outbox } = link
    if (link.hello !== null) {
      link.helloNonce = link.hello.nonce
      writer.sendHello(link, link.hello, promise(nowMs))
      link.hello = null
    }
    const outdated = outbox.dropOutdated(nowMs)
    if (outdated > 0) onOutdated(outdated)
    while (!outbox.isEmpty) {
      if (socket.sendQueueBytes > sendQueueBytesMax) return true
      const payloadBytes = link.payloadBytesNow()
      if (payloadBytes === 0 || !writer.sendWaiting(link, payloadBytes, promise(nowMs), nowMs)) break
    }
    if (link.owesAcknowledgement) writer.sendEmpty(link, promise(nowMs), nowMs)
    return false
  }

  private wakeAt(atMs: number): void {
    if (atMs === this.timerAtMs) return
    this.timerAtMs = atMs
    this.timer.set(atMs)
  }
}
