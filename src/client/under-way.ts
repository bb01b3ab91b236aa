/**
 * Whether the silence about a request is explained: it, what the leader must make of it, or its answer is still being carried. A
 * copy of what is large would only hold that up, and on a slow line the copies alone would fill it, until nothing succeeds
 * any more.
 *
 *      sent -> carried: our transport is at work -> passed on to the other servers, by a leader whose line is perhaps as slow
 *      -> carried: its answer comes, piece by piece
 */
import { messageBytesMax } from '../../codec/limits.js'
import type { Endpoint } from './endpoints.js'
import type { Request } from './request.js'

/** What the transport has not brought to an end after so long is repeated all the same; what is larger has longer. */
const repairMsMax = 500
const repairBytesPerMs = 100

/** What is larger takes noticeable time on the way, and from server to server. */
const smallBytesMax = 16 * 1024

/** So many bytes make it a ms later: on a line of 100 Mbit/s, there and on to two others. A slower one is seen to be at work. */
const bytesPerMs = 4_096

/** A leader sends it to two or four others, all on one line: that takes so many times as long as it took to come here. */
const passingOnTimes = 4

/** Whether so many bytes of a request, or of its answer, say how long any other may take. */
export function isSmall(bytes: number): boolean {
  return bytes <= smallBytesMax
}

/** Is a request that is due on its way, or an answer that may be its? */
export function isCarried(request: Request, endpoint: Endpoint, nowMs: number): boolean {
  if (request.isHeldBack) return false
  const { link, roundTrip, answeredSentAtMs } = endpoint
  const { sentAtMs, bytes } = request
  if (link.isAtWork && nowMs < sentAtMs + carriedMs(bytes)) {
    request.underWayMs = nowMs - sentAtMs
    return true
  }
  // Answers come in the order of the requests, nearly. Where a later one was answered, this answer was dropped.
  const isNext = sentAtMs >= answeredSentAtMs && nowMs < link.lastFragmentAtMs + roundTrip.timeoutMs
  return isNext && nowMs < sentAtMs + carriedMs(messageBytesMax)
}

/** Does the leader, who should have it by now, need longer to pass it on? */
export function isPassedOn({ isHeldBack, sentAtMs, bytes, underWayMs }: Request, nowMs: number): boolean {
  if (isHeldBack || isSmall(bytes)) return false
  return nowMs < sentAtMs + Math.max(bytes / bytesPerMs, passingOnTimes * underWayMs)
}

function carriedMs(bytes: number): number {
  return repairMsMax + bytes / repairBytesPerMs
}
