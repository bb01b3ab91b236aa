/**
 * The causal timeline of a simulated run: what happened, where, when, and because of what. Everything that looks at a run
 * reads these events: the JSON lines of `sim --trace`, the page of `sim --html`, the last page of a failure's report.
 *
 * Lanes are processes: 's1', 's2' ... are servers, 'c1', 'c2' ... clients. `at` is simulated time in ms. `n` numbers the
 * steps of the simulator from 1, and several events of one step share it; `cause` is the step that led to this one (the
 * one in which a datagram was sent, a timer set, an operation of a disk begun), 0 where it was the plan of the run.
 */

interface Common {
  readonly n: number
  readonly at: number
  readonly cause: number
}

/** A process as a lane of the timeline. */
export type Lane = string

/** Why a datagram never reached a process. */
export type LossReason =
  | 'loss' // at random
  | 'burst' // in a bad phase of its link (Gilbert and Elliott)
  | 'cut' // by a partition
  | 'overflow' // the receive buffer was full
  | 'size' // larger than its link carries
  | 'queue' // the queue before a slow link was full
  | 'closed' // nobody listens there
  | 'filter' // a script dropped it

export type TraceEvent =
  /** The first line: whom the lanes belong to. */
  | (Common & {
      readonly kind: 'run'
      readonly seed: number
      readonly servers: readonly Lane[]
      readonly clients: readonly Lane[]
      readonly durationMs: number
      /** When the faults stop and progress is demanded. */
      readonly healedMs: number
    })
  /** A process began ('start'), lost power ('crash'), was killed, stopped cleanly, stood still ('pause'), went on ('resume'), or ended by itself ('failed'). */
  | (Common & {
      readonly kind: 'start' | 'crash' | 'kill' | 'stop' | 'pause' | 'resume' | 'failed'
      readonly lane: Lane
      /** For people: the crash point, the reason of a failure. */
      readonly why: string
    })
  /** A server changed its role or its term. */
  | (Common & {
      readonly kind: 'role'
      readonly lane: Lane
      readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader'
      readonly term: number
    })
  /** A datagram left. `messages` tells each message in it in a few words, e.g. 'AppendEntries t3 prev 5/2 +2 commit 4'. */
  | (Common & {
      readonly kind: 'send'
      readonly lane: Lane
      readonly to: Lane
      /** Of this datagram; copies have the same. */
      readonly datagram: number
      readonly bytes: number
      readonly messages: readonly string[]
    })
  /** A copy of it arrived in a process that reads it. */
  | (Common & { readonly kind: 'deliver'; readonly lane: Lane; readonly from: Lane; readonly datagram: number })
  /** A copy of it is gone. `lane` is whom it was meant for. */
  | (Common & {
      readonly kind: 'lost'
      readonly lane: Lane
      readonly from: Lane
      readonly datagram: number
      readonly why: LossReason
    })
  /** Something was done to a datagram on its way: 'duplicate', 'reorder', 'corrupt', 'late', 'replay'. */
  | (Common & { readonly kind: 'mangle'; readonly lane: Lane; readonly datagram: number; readonly how: string })
  /** An operation of a disk ended; `outcome` is 'ok' or the code of an error. */
  | (Common & {
      readonly kind: 'disk'
      readonly lane: Lane
      readonly operation: string
      readonly path: string
      readonly bytes: number
      readonly outcome: string
    })
  /** A server appended entries `from`..`to` of `term` to its log in memory; `cut` entries went before. */
  | (Common & {
      readonly kind: 'append'
      readonly lane: Lane
      readonly from: number
      readonly to: number
      readonly term: number
      readonly cut: number
    })
  /** A server's commitIndex moved. */
  | (Common & { readonly kind: 'commit'; readonly lane: Lane; readonly index: number; readonly term: number })
  /** A client asked, or was answered ('ok', 'fail' or 'unknown'). */
  | (Common & { readonly kind: 'invoke'; readonly lane: Lane; readonly operation: number; readonly what: string })
  | (Common & {
      readonly kind: 'answer'
      readonly lane: Lane
      readonly operation: number
      readonly what: string
      readonly outcome: 'ok' | 'fail' | 'unknown'
    })
  /** The network or a machine changed by plan, for `forMs` if nothing else mends it: 'disk of s2 is slow' ... */
  | (Common & {
      readonly kind: 'fault'
      readonly what: string
      readonly lanes: readonly Lane[]
      /** 0: it is over at once, or this is the news that another one is mended. */
      readonly forMs: number
    })
  /** The end: nothing was wrong, or what was. */
  | (Common & {
      readonly kind: 'end'
      readonly outcome: 'passed' | 'safety' | 'liveness' | 'crash'
      readonly invariant: string
      readonly message: string
    })

/** Takes the events of a run as they happen. */
export type TraceSink = (event: TraceEvent) => void
