/** raftgram log: the log of a stopped server, and beside each command what the state machine holds. */
import { decodeCommands } from '../codec/commands.js'
import { decodeAnswer, decodeCommand, encodeQuery } from '../src/kv/commands.js'
import type { KvStore } from '../src/kv/store.js'
import type { KvCommand, Value } from '../src/kv/types.js'
import { decodeNamed } from '../src/raft/admitted.js'
import type { Entry } from '../src/raft/types.js'
import type { SessionCommand } from '../src/session/types.js'
import type { Inspection } from '../src/storage/inspect.js'
import { decodeKey, typeName } from '../src/client/values.js'
import { defineCommand } from './command.js'
import { dataOptions, inspectDirectory } from './data-directory.js'
import { exitStatus } from './exit-status.js'
import { committedIndex, stateAt } from './offline-state.js'
import type { Output } from './output.js'
import { table } from './table.js'
import { keyFields, keyForPeople, valueFields, valueForPeople } from './value-output.js'

const keyCharactersMax = 24
const valueCharactersMax = 32
/** Column widths are found for so many rows at a time. */
const rowsPerTable = 1_000

export const logCommand = defineCommand({
  name: 'log',
  words: [],
  describe: 'Show the log of a stopped server',
  details: `
One line per command: index and term of its entry, the operation, whether it is known to be committed, and
what the state machine holds under that key once everything committed is applied. A tentative one may be
committed and acknowledged, or may still be replaced: a log learns of the last entries with those that follow.`,
  options: dataOptions,
  examples: [['log --data ./raftgram-data/1', '']],
  async run({ options, output }) {
    const inspection = await inspectDirectory(options.data)
    const { identity, hardState, entries, baseIndex } = inspection
    const commitIndex = committedIndex(inspection)
    const applied = await replay(inspection, commitIndex)
    if (!output.isJson && identity !== null) {
      const vote = hardState === null ? 'term unknown' : `term ${hardState.currentTerm}`
      output.result({}, `server ${identity.serverId} of ${identity.foundingCluster}, ${vote}`)
      const begins = baseIndex === 0 ? '' : ` after entry ${baseIndex}`
      const known = `${entries.length} entries${begins}, known to be committed and applied up to ${commitIndex}`
      const tentative = `; those behind may be, too: this log alone does not say`
      output.result({}, `${known}${entries.lastIndex > commitIndex ? tentative : ''}\n`)
    }
    let rows: string[][] = []
    let hasHeadings = false
    for (const entry of entries) {
      if (output.isClosed) break
      for (const line of linesOf(entry, commitIndex, applied)) {
        if (output.isJson) output.result(line.fields)
        else rows.push(line.cells)
      }
      if (rows.length < rowsPerTable) continue
      printRows(rows, hasHeadings, output)
      hasHeadings = true
      rows = []
    }
    if (rows.length > 0) printRows(rows, hasHeadings, output)
    for (const { what } of inspection.problems) output.note(`raftgram: ${what}`)
    return inspection.problems.some(({ fatal }) => fatal) ? exitStatus.no : exitStatus.done
  },
})

interface Line {
  readonly cells: string[]
  readonly fields: object
}

/** The store after everything committed, the newest snapshot first; null where that makes no sense. */
async function replay(inspection: Inspection, commitIndex: number): Promise<KvStore | null> {
  try {
    const { store } = await stateAt(inspection, commitIndex, () => undefined)
    return store
  } catch {
    return null
  }
}

function linesOf(entry: Entry, commitIndex: number, applied: KvStore | null): Line[] {
  const { index, term } = entry
  const isCommitted = index <= commitIndex
  const common = { index, term, committed: isCommitted }
  const cells = [String(index), String(term)]
  const status = isCommitted ? 'committed' : 'tentative'
  const line = (operation: string, fields: object, held = ''): Line => ({
    cells: [...cells, operation, status, held],
    fields: { ...common, ...fields },
  })
  if (entry.kind === 'noop') return [line(`noop: term ${term} begins`, { operation: 'noop' })]
  if (entry.kind !== 'commands') {
    const named = decodeNamed(entry.payload)
    const servers = named.map(({ id, incarnation }) => `server ${id} (incarnation ${incarnation})`).join(', ')
    return [line(`${entry.kind}: ${servers}`, { operation: entry.kind, named })]
  }
  const commands = decodeCommands(entry.payload)
  if (commands === null) return [line('unreadable', { operation: 'unreadable' })]
  return commands.map(command => lineOf(command, applied, line))
}

function lineOf(
  command: SessionCommand,
  applied: KvStore | null,
  line: (operation: string, fields: object, held?: string) => Line,
): Line {
  if (command.kind === 'open') return line('open a session', { operation: 'open' })
  const { sessionId, sequence } = command
  const request = { sessionId, sequence }
  const decoded = decodeCommand(command.command)
  if (decoded === null) {
    return line(`command of ${command.command.length} bytes`, { operation: 'command', ...request })
  }
  const key = decodeKey(decoded.key)
  const found = applied === null ? undefined : find(applied, decoded.key)
  return line(
    `${decoded.op} ${keyForPeople(key, keyCharactersMax)}${changeForPeople(decoded)}`,
    { operation: decoded.op, ...request, ...keyFields(key), ...changeFields(decoded), applied: foundFields(found) },
    found === undefined ? '?' : found === null ? 'absent' : `${show(found.value)} @${found.revision}`,
  )
}

type Found = { readonly value: Value; readonly revision: number } | null

function find(store: KvStore, key: Uint8Array): Found {
  const answer = decodeAnswer(store.query(encodeQuery({ op: 'get', key })))
  return answer?.op === 'get' ? answer.found : null
}

function changeForPeople(command: KvCommand): string {
  if (command.op === 'delete') return ''
  if (command.op === 'put') return ` = ${show(command.value)}`
  const { expected } = command
  if (expected.by === 'absent') return ` absent -> ${show(command.value)}`
  const from = expected.by === 'value' ? show(expected.value) : `@${expected.revision}`
  return ` ${from} -> ${show(command.value)}`
}

function changeFields(command: KvCommand): object {
  if (command.op === 'delete') return {}
  if (command.op === 'put') return fieldsOf(command.value)
  const { expected } = command
  if (expected.by === 'value') return { ...fieldsOf(command.value), expected: fieldsOf(expected.value) }
  return { ...fieldsOf(command.value), expected: expected.by === 'absent' ? null : { revision: expected.revision } }
}

/** undefined: nothing is known of the state machine; null: absent. */
function foundFields(found: Found | undefined): object | null | undefined {
  return found === undefined || found === null ? found : { ...fieldsOf(found.value), revision: found.revision }
}

function fieldsOf({ type, bytes }: Value): object {
  return valueFields(typeName(type), bytes)
}

function show({ type, bytes }: Value): string {
  return valueForPeople(typeName(type), bytes, valueCharactersMax)
}

function printRows(rows: readonly (readonly string[])[], hasHeadings: boolean, output: Output): void {
  const drawn = table(['index', 'term', 'operation', 'status', 'state machine'], rows, ['index', 'term'])
  // Only the first of several tables shows them.
  output.result({}, hasHeadings ? drawn.slice(drawn.indexOf('\n') + 1) : drawn)
}
