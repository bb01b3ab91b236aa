/** The legend, which is also the switchboard: what stands in it as a button can be switched off. */
import { element } from './dom.js'
import type { Palette } from './palette.js'

interface Sign {
  readonly key: string
  readonly label: string
  readonly form: 'bar' | 'line' | 'mark'
  readonly colour: (palette: Palette) => string
  /** Drawn in place of a coloured form. */
  readonly glyph?: string
}

const roles: readonly Sign[] = [
  { key: 'leader', label: 'leader', form: 'bar', colour: ({ conditions }) => conditions.leader },
  { key: 'candidate', label: 'candidate', form: 'bar', colour: ({ conditions }) => conditions.candidate },
  {
    key: 'pre-candidate',
    label: 'pre-candidate',
    form: 'bar',
    colour: ({ conditions }) => conditions['pre-candidate'],
  },
  { key: 'follower', label: 'follower', form: 'bar', colour: ({ conditions }) => conditions.follower },
  { key: 'paused', label: 'paused', form: 'bar', colour: ({ conditions }) => conditions.paused },
  { key: 'down', label: 'down', form: 'bar', colour: ({ conditions }) => conditions.down },
]

const switches: readonly Sign[] = [
  { key: 'append', label: 'AppendEntries', form: 'line', colour: ({ families }) => families.append },
  { key: 'vote', label: 'votes', form: 'line', colour: ({ families }) => families.vote },
  { key: 'snapshot', label: 'snapshots', form: 'line', colour: ({ families }) => families.snapshot },
  { key: 'client', label: 'clients', form: 'line', colour: ({ families }) => families.client },
  { key: 'other', label: 'other', form: 'line', colour: ({ families }) => families.other },
  { key: 'lost', label: 'lost', form: 'mark', glyph: '✕', colour: ({ lost }) => lost },
  { key: 'mangled', label: 'mangled', form: 'mark', glyph: '╌', colour: ({ mangled }) => mangled },
  { key: 'mark append', label: 'append', form: 'mark', glyph: '▲', colour: ({ marks }) => marks.append },
  { key: 'mark commit', label: 'commit', form: 'mark', glyph: '●', colour: ({ marks }) => marks.commit },
  { key: 'mark disk', label: 'disk', form: 'mark', glyph: '❘', colour: ({ marks }) => marks.disk },
  { key: 'mark disk-error', label: 'disk error', form: 'mark', glyph: '■', colour: ({ marks }) => marks['disk-error'] },
  { key: 'fault', label: 'fault', form: 'bar', colour: ({ faultBar }) => faultBar },
]

const outcomes: readonly Sign[] = [
  { key: 'ok', label: 'ok', form: 'bar', colour: ({ outcomes }) => outcomes.ok },
  { key: 'fail', label: 'fail', form: 'bar', colour: ({ outcomes }) => outcomes.fail },
  { key: 'open', label: 'unanswered', form: 'bar', colour: ({ outcomes }) => outcomes.open },
  { key: 'unknown', label: 'unknown', form: 'bar', colour: ({ outcomes }) => outcomes.unknown },
]

/** Fills the legend; `onSwitch` is told the keys that are off. */
export function fillLegend(root: HTMLElement, palette: Palette, hidden: Set<string>, onSwitch: () => void): void {
  const form = (sign: Sign) => {
    const drawn = element('span', `sign ${sign.form}`, sign.glyph ?? '')
    drawn.style.setProperty('--colour', sign.colour(palette))
    return drawn
  }
  const plain = (sign: Sign) => element('span', 'entry', form(sign), sign.label)
  const switched = (sign: Sign) => {
    const button = element('button', 'entry', form(sign), sign.label)
    button.title = `show or hide: ${sign.label}`
    button.setAttribute('aria-pressed', String(!hidden.has(sign.key)))
    button.addEventListener('click', () => {
      if (!hidden.delete(sign.key)) hidden.add(sign.key)
      button.setAttribute('aria-pressed', String(!hidden.has(sign.key)))
      onSwitch()
    })
    return button
  }
  const group = (name: string, ...entries: HTMLElement[]) =>
    element('div', 'group', element('span', 'faint', name), ...entries)
  root.replaceChildren(
    group('roles', ...roles.map(plain)),
    group('operations', ...outcomes.map(plain)),
    group('show', ...switches.map(switched)),
  )
}
