/** The copies of datagrams as arrows: from the moment one left to the moment it arrived or was lost. */
import type { TraceEvent } from '../../trace.js'

/** What a datagram is about, by its first message: one colour each. */
export type Family = 'append' | 'vote' | 'snapshot' | 'client' | 'other'

export interface Arrow {
  readonly from: string
  readonly to: string
  readonly sentAt: number
  readonly endAt: number
  readonly outcome: 'delivered' | 'lost' | 'flying'
  /** Why it was lost, else ''. */
  readonly why: string
  /** What was done to it on its way, else ''. */
  readonly mangled: string
  readonly family: Family
  /** The event that it left by and the one that it ended by; -1 where there is none. */
  readonly send: number
  readonly end: number
}

type SendEvent = TraceEvent & { kind: 'send' }
type ArrivalEvent = TraceEvent & { kind: 'deliver' | 'lost' }

/** All arrows in the order in which their datagrams left. */
export function arrowsOf(events: readonly TraceEvent[], clients: ReadonlySet<string>, endMs: number): Arrow[] {
  const sends = new Map<number, number>()
  const mangles = new Map<number, Set<string>>()
  const ended = new Set<number>()
  events.forEach((event, index) => {
    if (event.kind === 'send') sends.set(event.datagram, index)
    else if (event.kind === 'deliver' || event.kind === 'lost') ended.add(event.datagram)
    else if (event.kind === 'mangle') {
      const hows = mangles.get(event.datagram)
      if (hows === undefined) mangles.set(event.datagram, new Set([event.how]))
      else hows.add(event.how)
    }
  })
  const arrows: Arrow[] = []
  const mangled = (datagram: number) => [...(mangles.get(datagram) ?? [])].join(', ')
  const family = (send: SendEvent) => familyOf(send.messages, clients.has(send.lane) || clients.has(send.to))
  events.forEach((event, index) => {
    if (event.kind === 'deliver' || event.kind === 'lost') arrows.push(endedArrow(event, index))
    else if (event.kind === 'send' && !ended.has(event.datagram)) {
      arrows.push({
        ...{ from: event.lane, to: event.to, sentAt: event.at, endAt: endMs, outcome: 'flying', why: '' },
        ...{ mangled: mangled(event.datagram), family: family(event), send: index, end: -1 },
      })
    }
  })
  return arrows.sort((a, b) => a.sentAt - b.sentAt)

  function endedArrow(event: ArrivalEvent, index: number): Arrow {
    const sent = sends.get(event.datagram) ?? -1
    const send = events[sent] as SendEvent | undefined
    return {
      from: event.from,
      to: event.lane,
      sentAt: send?.at ?? event.at,
      endAt: event.at,
      outcome: event.kind === 'lost' ? 'lost' : 'delivered',
      why: event.kind === 'lost' ? event.why : '',
      mangled: mangled(event.datagram),
      family: send === undefined ? 'other' : family(send),
      send: sent,
      end: index,
    }
  }
}

/** What a datagram is about. */
export function familyOf(messages: readonly string[], isWithClient: boolean): Family {
  if (isWithClient) return 'client'
  const first = messages[0] ?? ''
  if (/vote|timeoutnow/i.test(first)) return 'vote'
  if (/snapshot/i.test(first)) return 'snapshot'
  return /append|heartbeat/i.test(first) ? 'append' : 'other'
}

/** The usual time on the way: the slope of an arrow whose loss was decided the moment it left. */
export function usualFlightMs(arrows: readonly Arrow[]): number {
  const flights = arrows.filter(({ outcome }) => outcome === 'delivered').map(({ sentAt, endAt }) => endAt - sentAt)
  return flights.sort((a, b) => a - b)[flights.length >> 1] ?? 1
}

/** How much of the way a lost datagram is drawn: to the door of its receiver, or to the middle of the network. */
export function shareOfWay(why: string): number {
  return why === 'overflow' || why === 'closed' ? 1 : 0.55
}
