/** Actions as text, for people to read and for machines to take again. */
import {
  aboutOf,
  diskLost,
  actionOf,
  isAboutMessage,
  kindOf,
  kindOfLetter,
  kinds,
  letterOf,
  otherOf,
  serverAnd,
  serverOf,
  snapshotKept,
  type Action,
} from './actions.js'
import { messageWords } from './message-text.js'
import { settingsOf, type Breach, type SearchOptions } from './options.js'
import { Space, type State } from './space.js'

export function actionText(space: Space, action: Action): string {
  const kind = kindOf(action)
  const about = aboutOf(action)
  if (isAboutMessage(kind)) return letterOf(kind) + space.message(about).text
  const server = serverOf(kind, about)
  return kind === kinds.crash || kind === kinds.transfer
    ? `${letterOf(kind)}${server}.${otherOf(about)}`
    : `${letterOf(kind)}${server}`
}

/** `S2 receives of S1: RequestVote for term 1, ...` */
export function actionWords(space: Space, action: Action): string {
  const kind = kindOf(action)
  const about = aboutOf(action)
  if (isAboutMessage(kind)) {
    const { outgoing } = space.message(about)
    const { from } = outgoing.message
    const said = `${messageWords(outgoing)} (S${from} to S${outgoing.to})`
    switch (kind) {
      case kinds.copy:
        return `S${outgoing.to} receives a copy: ${said}`
      case kinds.lose:
        return `lost: ${said}`
      case kinds.hold:
        return `S${outgoing.to} receives, its turn goes on: ${said}`
      default:
        return `S${outgoing.to} receives: ${said}`
    }
  }
  const server = `S${serverOf(kind, about)}`
  switch (kind) {
    case kinds.stand:
      return `${server}: the election timeout passes`
    case kinds.propose:
      return `${server} takes a command`
    case kinds.crash:
      if (otherOf(about) === diskLost) return `${server} loses its disk, and starts again to be filled by the others`
      return `${server} crashes, ${otherOf(about) & (snapshotKept - 1)} of its writes under way are durable${otherOf(about) >= snapshotKept ? ', so is the snapshot' : ''}, and starts again`
    case kinds.heartbeat:
      return `${server}: a heartbeat interval passes`
    case kinds.overdue:
      return `${server}: the retransmission timeout passes`
    case kinds.read:
      return `${server} is asked for a read`
    case kinds.transfer:
      return `${server} hands over to S${otherOf(about)}`
    case kinds.snapshot:
      return `${server} takes a snapshot and shortens its log`
    case kinds.installed:
      return `${server}: the snapshot that it received is found to be whole, or is durable now and installed`
    default:
      return `${server}: its oldest write is durable, and told`
  }
}

/** A message may be named by the beginning of its text, if no other one under way begins so. */
export function parseAction(space: Space, state: State, text: string): Action {
  const kind = kindOfLetter(text[0] ?? '')
  const about = text.slice(1)
  if (text === '' || kind < 0) throw new RangeError(`'${text}' is no action`)
  if (isAboutMessage(kind)) {
    const begins = space.messagesOf(state).filter(message => space.message(message).text.startsWith(about))
    const exact = begins.find(message => space.message(message).text === about)
    const message = exact ?? (begins.length === 1 ? begins[0] : undefined)
    if (message === undefined) {
      const texts = space.messagesOf(state).map(number => space.message(number).text)
      throw new RangeError(`'${text}': ${begins.length} such messages are under way (${texts.join(' ')})`)
    }
    return actionOf(kind, message)
  }
  const [server = 0, other = 0] = about.split('.').map(Number)
  if (!space.settings.ids.includes(server)) throw new RangeError(`'${text}': there is no such server`)
  const hasOther = kind === kinds.crash || kind === kinds.transfer
  return actionOf(kind, hasOther ? serverAnd(server, other) : server)
}

export interface Replayed {
  readonly space: Space
  /** After the last action that could be taken. */
  readonly state: State
  readonly actions: readonly Action[]
  readonly breach: Breach | null
}

/** Takes the actions of a compact text from the first state on, up to a breach. */
export function replay(options: SearchOptions, text: string): Replayed {
  const space = new Space(settingsOf(options))
  let state = space.first()
  const actions: Action[] = []
  for (const word of text.split(/\s+/).filter(word => word !== '')) {
    const action = parseAction(space, state, word)
    actions.push(action)
    const answer = space.apply(state, action)
    if (answer !== 'changed' && answer !== 'nothing') return { space, state, actions, breach: answer }
    state = [...space.next]
    const breach = answer === 'changed' ? space.breachInNext() : null
    if (breach !== null) return { space, state, actions, breach }
  }
  return { space, state, actions, breach: null }
}
