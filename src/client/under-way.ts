/**
 * Whether the silence about a request is explained: it, what the leader must make of it, or its answer is still being carried. A
 * copy of what is large would only hold that up, and on a slow line the copies alone would fill it, until nothing succeeds
 * any more.
 *
 *      sent -> on its way: our transport is at work -> passed on to the other servers, by a server whose line is perhaps as
 *      slow -> its answer comes, piece by piece
 */
import { messageBytesMax } from '../../codec/limits.js'
import type { Endpoint } from './endpoints.js'
import type { Request } from './request.js'

/** What the transport has not brought to an end after so long is repeated all the same; what is larger has longer. */
const repairMsMax = 500
const repairBytesPerMs = 100

/** What is larger takes noticeable time on the way, and from server to server. */
const smallBytesMax = 16 * 1024

/**
 * So many bytes of request and answer make it a ms later: on a line of 100 Mbit/s, there and on to two others. On a slower one
 * it is seen to be on its way.
 */
const bytesPerMs = 4_096

/** A leader sends it to two or four others, all on one line: that takes so many times as long as it took to come here. */
const passingOnTimes = 4

/** Whether so many bytes of a request, or of its answer, say how long any other may take. */
export function isSmall(bytes: number): boolean {
  return bytes <= smallBytesMax
}

/** Until when to wait before a request that is due goes again; in the past where nothing explains that there is no answer. */
export function underWayUntilMs(request: Request, endpoint: Endpoint, nowMs: number): number {
  if (request.isHeldBack) return -Infinity
  const { link, roundTrip } = endpoint
  if (link.isAtWork && nowMs < request.sentAtMs + carriedMs(request.bytes)) {
    request.underWayMs = nowMs - request.sentAtMs
    return nowMs + roundTrip.timeoutMs
  }
  const isAnswered = nowMs < link.lastFragmentAtMs + roundTrip.timeoutMs
  if (isAnswered && nowMs < request.sentAtMs + carriedMs(messageBytesMax)) return nowMs + roundTrip.timeoutMs
  const bytes = request.bytes + request.answerBytes
  if (isSmall(bytes)) return -Infinity
  const passedOnMs = isSmall(request.bytes) ? 0 : passingOnTimes * request.underWayMs
  return request.sentAtMs + Math.max(bytes / bytesPerMs, passedOnMs)
}

function carriedMs(bytes: number): number {
  return repairMsMax + bytes / repairBytesPerMs
}
