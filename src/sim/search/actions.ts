/**
 * The steps of a search as numbers: the kind in the high bits, and below what it is about: a message, a server, or a
 * server and a small number. In text an action is a letter and what it is about, as in `s1 d1>2:V1@1,0.0 w2 c3.1`.
 */
import type { ServerId } from '../../raft/types.js'
import { budgetNames } from './options.js'

/** Those up to `hold` use the budget of the same place in `budgetNames`; the others are free. */
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
  deliver: 10,
  written: 11,
} as const

/** In the order of `kinds`. */
const letters = 'spckxhortbdw'

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

/** Of `crash` and `transfer`: the server, and how many writes are kept or who shall lead. */
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

/** Budgets used, three bits for each. */
export function usedOf(used: number, kind: number): number {
  return (used >>> (3 * kind)) & 7
}

export function isBudgeted(kind: number): boolean {
  return kind < budgetNames.length
}

export function withOneMore(used: number, kind: number): number {
  return isBudgeted(kind) ? used + (1 << (3 * kind)) : used
}
