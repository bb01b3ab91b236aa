/**
 * When what goes: the links with something to send or to wait for. The owner says when a turn ends (flush); what a closed
 * window held back, what was lost and what must be acknowledged then goes on by itself, when a datagram or time brings it.
 */
import type { Clock, Timer } from '../base/clock.js'
import type { DatagramWriter } from './datagram-writer.js'
import type { TransportLink } from './link.js'
import type { Socket } from './socket.js'

/** With this much in libuv's queue the network takes less than we send: what waits here can still be dropped. */
export const sendQueueBytesMax = 64 * 1024

/** How soon to look at the send queue again: nobody tells when it drains. */
const sendQueueRetryMs = 1

export interface OutgoingOptions {
  readonly socket: Socket
  readonly clock: Clock
  readonly writer: DatagramWriter
  /** The window to advertise to this link now. */
  readonly promise: (link: TransportLink, nowMs: number) => number
  /** Messages were dropped because they had waited too long for this link. */
  readonly onOutdated: (link: TransportLink, messages: number) => void
  /** What was held back may fit now. */
  readonly onRoom: () => void
}

export class Outgoing {
  private readonly options: OutgoingOptions
  private readonly timer: Timer
  /** Never later than the next thing that is due; often earlier, because it is put off by sending only once it fires. */
  private timerAtMs = Infinity
  /** Links with messages that wait, or an acknowledgement that is due. */
  private pending: TransportLink[] = []
  /** Links with something in flight, or an acknowledgement that may wait. */
  private timed: TransportLink[] = []
  private flushIsAsked = false
  /** The owner was told of room and has not flushed since. */
  private roomIsTold = false
  private isStopped = false

  constructor(options: OutgoingOptions) {
    this.options = options
    // A timer may fire before the acknowledgements that wait in the socket are read: those go first.
    this.timer = options.clock.timer(() => {
      this.timerAtMs = Infinity
      options.clock.endOfTurn(() => this.timeIsUp())
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
    let opened = false
    for (const link of links) {
      link.isPending = false
      // Its numbers are those of links that came after it.
      if (link.isForgotten) continue
      if (link.wasClosed && link.window.hasRoom) opened = true
      const isCongested = this.sendWhatMay(link, nowMs)
      link.wasClosed = !link.window.hasRoom
      if (isCongested) {
        this.add(link)
        this.wakeAt(nowMs + sendQueueRetryMs)
      }
      this.time(link)
    }
    // The owner may have been refused room a moment before; it is in its turn now and wants to be told after.
    if (opened) clock.endOfTurn(() => this.tellOfRoom())
  }

  /** After a datagram of this link: its window may have opened, something may be lost, or want an acknowledgement. */
  received(link: TransportLink, nowMs: number): void {
    if (link.wasClosed && link.window.hasRoom) {
      link.wasClosed = false
      this.tellOfRoom()
    }
    if (link.outbox.isEmpty && link.probesToSend === 0 && !link.mustAcknowledge(nowMs)) return this.time(link)
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
    this.timed = []
    this.timer.set(Infinity)
  }

  private tellOfRoom(): void {
    if (this.roomIsTold || this.isStopped) return
    this.roomIsTold = true
    this.options.onRoom()
  }

  private timeIsUp(): void {
    if (this.isStopped) return
    const nowMs = this.options.clock.now()
    const links = this.timed
    this.timed = []
    for (const link of links) {
      link.isTimed = false
      if (link.isForgotten) continue
      if (link.wakeAtMs <= nowMs) {
        link.expire(nowMs)
        this.add(link)
      } else {
        this.time(link)
      }
    }
    this.flush()
  }

  /** Sees to it that this link is looked at when something of it is due. */
  private time(link: TransportLink): void {
    const { wakeAtMs } = link
    if (wakeAtMs === Infinity) return
    if (!link.isTimed) {
      link.isTimed = true
      this.timed.push(link)
    }
    this.wakeAt(wakeAtMs)
  }

  /** Sends of one link what its window lets through. True: stopped because the socket is congested. */
  private sendWhatMay(link: TransportLink, nowMs: number): boolean {
    const { socket, writer, promise, onOutdated } = this.options
    const { outbox } = link
    if (link.hello !== null) {
      link.helloNonce = link.hello.nonce
      writer.sendHello(link, link.hello, promise(link, nowMs))
      link.hello = null
    }
    for (const number of link.acknowledgement.furtherNumbers(link.boots.highestReceived, link.loss.isLossy)) {
      writer.sendEmpty(link, promise(link, nowMs), nowMs, number)
    }
    const outdated = link.dropOutdated(nowMs)
    if (outdated > 0) onOutdated(link, outdated)
    let isCongested = false
    while (!outbox.isEmpty) {
      isCongested = socket.sendQueueBytes > sendQueueBytesMax
      if (isCongested) break
      const payloadBytes = link.window.payloadBytesNow()
      if (payloadBytes > 0) {
        if (writer.sendWaiting(link, payloadBytes, false, promise(link, nowMs), nowMs)) continue
        break
      }
      const urgentBytes = link.window.urgentPayloadBytesNow()
      if (urgentBytes === 0 || !writer.sendWaiting(link, urgentBytes, true, promise(link, nowMs), nowMs)) break
    }
    if (!isCongested) {
      for (; link.probesToSend > 0; link.probesToSend--) writer.sendProbe(link, promise(link, nowMs), nowMs)
      const triedBytes = link.sizeToTry(nowMs)
      if (triedBytes > 0) writer.sendPadding(link, triedBytes, promise(link, nowMs), nowMs)
    }
    // It is small, and without it the other side sends again what has arrived.
    if (link.mustAcknowledge(nowMs)) writer.sendEmpty(link, promise(link, nowMs), nowMs)
    return isCongested
  }

  private wakeAt(atMs: number): void {
    if (atMs >= this.timerAtMs) return
    this.timerAtMs = atMs
    this.timer.set(atMs)
  }
}
