/**
 * The steps of a search as numbers: the kind in the high bits, and below what it is about: a message, a server, or a
 * server and a small number. In text an action is a letter and what it is about, as in `s1 d1>2:V1@1,0.0 w2 c3.1 n1`.
 */
import type { ServerId } from '../../raft/types.js'
import { budgetNames, type SearchSettings } from './options.js'

/** Those up to `snapshot` use the budget of the same place in `budgetNames`; the others are free. */
export const kinds = {
  stand: 0,
  propose: 1,
  crash: 2,
  copy: 3,
  lose: 4,
  heartbeat: 5,
  overdue: 6,
  read: 7,
  transfer: 8,
  hold: 9,
  snapshot: 10,
  deliver: 11,
  written: 12,
  installed: 13,
} as const

/** In the order of `kinds`. */
const letters = 'spckxhortbndwi'

const aboutBits = 24

export type Action = number

export function actionOf(kind: number, about: number): Action {
  return (kind << aboutBits) | about
}

export function kindOf(action: Action): number {
  return action >>> aboutBits
}

export function aboutOf(action: Action): number {
  return action & ((1 << aboutBits) - 1)
}

export function isAboutMessage(kind: number): boolean {
  return kind === kinds.deliver || kind === kinds.copy || kind === kinds.lose || kind === kinds.hold
}

/** Of `crash` and `transfer`: the server, and what is kept or who shall lead. */
export function serverAnd(server: ServerId, other: number): number {
  return server * 16 + other
}

export function serverOf(kind: number, about: number): ServerId {
  return kind === kinds.crash || kind === kinds.transfer ? about >>> 4 : about
}

export function otherOf(about: number): number {
  return about & 15
}

export function letterOf(kind: number): string {
  return letters[kind]!
}

export function kindOfLetter(letter: string): number {
  return letters.indexOf(letter)
}

/** Of a crash: with the number of writes kept, whether the snapshot that was being installed is. */
export const snapshotKept = 8

/** Of a crash, in place of these: the disk is lost. */
export const diskLost = 15

/** Budgets used, three bits for each, and two for the last. */
export function usedOf(used: number, kind: number): number {
  return (used >>> (3 * kind)) & 7
}

export function isBudgeted(kind: number): boolean {
  return kind < budgetNames.length
}

export function withOneMore(used: number, kind: number): number {
  return isBudgeted(kind) ? used + (1 << (3 * kind)) : used
}

/** The budgets that are left, and what `used` has of them already, as limits for `actionsIn`. */
export function limitsOf(settings: SearchSettings, used: number): number {
  let limits = 0
  for (const [kind, budget] of Object.values(settings.budgets).entries()) {
    const limit = usedOf(used, kind) + budget
    const most = kind === kinds.snapshot ? 3 : 7
    if (limit > most)
      throw new RangeError(`a search takes at most ${most} steps of one kind, with its prefix: ${limit}`)
    if (isBudgeted(kind)) limits |= limit << (3 * kind)
  }
  return limits
}
