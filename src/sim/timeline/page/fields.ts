/** How each kind of event is laid out as numbers in the page: read by the writer (encode.ts) and by the page (decode.ts). */
import type { TraceEvent } from '../../trace.js'

/** `word`: an entry of the table of texts. `text`: such an entry with the numbers that stood in it. `s`: a list of them. */
export type FieldForm = 'number' | 'word' | 'words' | 'text' | 'texts'

export type TraceKind = TraceEvent['kind']
type EventOf<K extends TraceKind, E = TraceEvent> = E extends { kind: infer Kind }
  ? K extends Kind
    ? E
    : never
  : never
type Fields<K extends TraceKind> = Record<Exclude<keyof EventOf<K>, 'n' | 'at' | 'cause' | 'kind'>, FieldForm>

const lifecycle = { lane: 'word', why: 'text' } as const

const forms: { [K in TraceKind]: Fields<K> } = {
  run: { seed: 'number', servers: 'words', clients: 'words', durationMs: 'number', healedMs: 'number' },
  start: lifecycle,
  crash: lifecycle,
  kill: lifecycle,
  stop: lifecycle,
  pause: lifecycle,
  resume: lifecycle,
  failed: lifecycle,
  role: { lane: 'word', role: 'word', term: 'number' },
  send: { lane: 'word', to: 'word', datagram: 'number', bytes: 'number', messages: 'texts' },
  deliver: { lane: 'word', from: 'word', datagram: 'number' },
  lost: { lane: 'word', from: 'word', datagram: 'number', why: 'word' },
  mangle: { lane: 'word', datagram: 'number', how: 'word' },
  disk: { lane: 'word', operation: 'text', path: 'text', bytes: 'number', outcome: 'word' },
  append: { lane: 'word', from: 'number', to: 'number', term: 'number', cut: 'number' },
  commit: { lane: 'word', index: 'number', term: 'number' },
  invoke: { lane: 'word', operation: 'number', what: 'text' },
  answer: { lane: 'word', operation: 'number', what: 'text', outcome: 'word' },
  fault: { what: 'text', lanes: 'words', forMs: 'number' },
  end: { outcome: 'word', invariant: 'text', message: 'text' },
}

/** The kinds by their code in the page. */
export const traceKinds = Object.keys(forms) as TraceKind[]

/** The fields of each kind, by its code, in the order in which they are written. */
export const fieldsOfKind: readonly (readonly [string, FieldForm])[][] = traceKinds.map(kind =>
  Object.entries<FieldForm>(forms[kind]),
)

/** What the page holds of a run: all events as one row of numbers, and the table of texts, each cut where a number stood. */
export interface PageData {
  readonly rows: readonly number[]
  readonly texts: readonly (readonly string[])[]
}

/** Time is written in whole microseconds. */
export const ticksPerMs = 1000

/** The written cause of an event that the plan of the run caused; else it is the distance to the step that did. */
export const causeIsPlan = -1
