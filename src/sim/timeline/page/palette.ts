/**
 * The colours, after Okabe and Ito, whose eight stay apart for colour-blind eyes; what matters also differs in form: lost
 * arrows end in a cross, down and paused bars are hatched, and every role bar says its role.
 */
import type { Family } from './arrows.js'
import type { MarkKind } from './model.js'
import type { OperationBar } from './operations.js'
import type { Condition } from './spans.js'

export interface Palette {
  readonly ground: string
  readonly text: string
  readonly faint: string
  readonly grid: string
  readonly fault: string
  readonly faultBar: string
  readonly lost: string
  readonly mangled: string
  readonly selected: string
  readonly conditions: Readonly<Record<Condition, string>>
  readonly onConditions: Readonly<Record<Condition, string>>
  readonly families: Readonly<Record<Family, string>>
  readonly outcomes: Readonly<Record<OperationBar['outcome'], string>>
  readonly marks: Readonly<Record<MarkKind, string>>
}

const vermillion = '#d55e00'

export const light: Palette = {
  ground: '#ffffff',
  text: '#1b1f24',
  faint: '#59636e',
  grid: '#e3e7eb',
  fault: 'rgba(213, 94, 0, 0.09)',
  faultBar: '#f6d5bd',
  lost: vermillion,
  mangled: '#b0478c',
  selected: '#000000',
  conditions: {
    follower: '#d5dae0',
    'pre-candidate': '#f0e442',
    candidate: '#e69f00',
    leader: '#0072b2',
    starting: '#eef0f2',
    paused: '#b9bfc6',
    down: '#5b636c',
  },
  onConditions: {
    follower: '#1b1f24',
    'pre-candidate': '#1b1f24',
    candidate: '#1b1f24',
    leader: '#ffffff',
    starting: '#1b1f24',
    paused: '#1b1f24',
    down: '#ffffff',
  },
  families: { append: '#6b7681', vote: '#b87700', snapshot: '#b0478c', client: '#2b8cc4', other: '#8a7a66' },
  outcomes: { ok: '#66c2a3', fail: '#f0a875', unknown: '#d9a9c6', open: '#dfe3e7' },
  marks: { append: '#59636e', commit: '#007a59', disk: '#9aa3ac', 'disk-error': vermillion, life: '#1b1f24' },
}

export const dark: Palette = {
  ...light,
  ground: '#14181c',
  text: '#e6e9ec',
  faint: '#9aa5b0',
  grid: '#272d34',
  fault: 'rgba(230, 130, 50, 0.13)',
  faultBar: '#6b3d1c',
  lost: '#ff8a3d',
  mangled: '#e08fc0',
  selected: '#ffffff',
  conditions: {
    ...light.conditions,
    follower: '#3a424b',
    leader: '#2f9bdb',
    starting: '#262c33',
    paused: '#59626c',
    down: '#0a0c0e',
  },
  onConditions: {
    ...light.onConditions,
    follower: '#e6e9ec',
    leader: '#000000',
    starting: '#e6e9ec',
    paused: '#ffffff',
  },
  families: { append: '#a3adb8', vote: '#e6b040', snapshot: '#e08fc0', client: '#56b4e9', other: '#c0ae96' },
  outcomes: { ok: '#1c7a5c', fail: '#9c4a10', unknown: '#7d4467', open: '#343b43' },
  marks: { append: '#9aa5b0', commit: '#3ecf9f', disk: '#6d7782', 'disk-error': '#ff8a3d', life: '#e6e9ec' },
}
