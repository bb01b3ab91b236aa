/** What stands in the datagrams of a story, and datagrams that are kept for later. */
import { readEnvelope } from '../../codec/envelope.js'
import { decodeMessages, type TransportMessage } from '../../codec/messages.js'
import type { Message } from '../../src/raft/types.js'
import type { Story } from './story.js'

interface Held {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  readonly atMs: number
}

/** Datagrams that were kept or copied on their way. */
export class StoryMail {
  readonly datagrams: Held[] = []
  /** Takes no more. */
  end: () => void = () => undefined
  /** The datagram that is looked at belongs here. */
  isTaken = false
  private readonly story: Story

  constructor(story: Story) {
    this.story = story
  }

  get count(): number {
    return this.datagrams.length
  }

  /** How many different ones there are: the transport sends a datagram twice, under one number, where much is lost. */
  get packets(): number {
    const numberOf = (bytes: Uint8Array): string => {
      const envelope = readEnvelope(bytes)
      return typeof envelope === 'string' ? envelope : `${envelope.bootNonce} ${envelope.packetNumber}`
    }
    return new Set(this.datagrams.map(({ bytes }) => numberOf(bytes))).size
  }

  /** They arrive now (once more), in the given order. */
  deliver(datagrams: readonly Held[] = this.datagrams): void {
    const { cluster } = this.story
    for (const { bytes, from, to } of [...datagrams]) {
      cluster.network.inject(bytes, cluster.addressOfLane(from), cluster.addressOfLane(to), from)
    }
  }
}

/** What stands in a datagram; nothing where it is damaged. */
export function messagesOf(bytes: Uint8Array): readonly TransportMessage[] {
  const envelope = readEnvelope(bytes)
  return typeof envelope === 'string' ? [] : (decodeMessages(envelope, bytes.slice()) ?? [])
}

/** AppendEntries with the entry of this index, or with any where none is named. */
export function carriesEntry(message: TransportMessage, index = 0): boolean {
  return isAppend(message) && message.entries.some(entry => index === 0 || entry.index === index)
}

export function isAppend(message: TransportMessage): message is Extract<Message, { type: 'AppendEntries' }> {
  return message.type === 'AppendEntries'
}
