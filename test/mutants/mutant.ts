/**
 * A mutant: a small wrong change to a correct program, of a kind that real systems shipped. It is a replacement of text in
 * the built code, so that the program itself needs no switch for it. Spaces and line ends do not count when the text is
 * looked for, so a change of layout does not hide it; a change of the rule does, and says so.
 */

export interface Edit {
  /** Below dist/. */
  readonly file: string
  /** Must be there exactly once. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  /** The rule that it breaks, and which system shipped it, where one is known. */
  readonly breaks: string
  /** Mostly one; more where a rule is kept twice. */
  readonly edits: readonly Edit[]
}

/** A mutant that no checker can find, and why. */
export interface Survivor {
  readonly name: string
  readonly why: string
}

/** A mutant by one replacement. */
export function mutant(name: string, breaks: string, file: string, find: string, replace: string): Mutant {
  return { name, breaks, edits: [{ file, find, replace }] }
}

/** The text with the edit made. Throws unless what is looked for is there exactly once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const places: number[] = []
  let dense = ''
  for (let at = 0; at < text.length; at++) {
    if (isSpace(text[at]!)) continue
    places.push(at)
    dense += text[at]!
  }
  const wanted = find.replaceAll(/[ \n\r\t]/g, '')
  const at = dense.indexOf(wanted)
  if (at < 0) throw new Error(`${file} has no '${find}'`)
  if (dense.includes(wanted, at + 1)) throw new Error(`${file} has '${find}' more than once`)
  return text.slice(0, places[at]) + replace + text.slice(places[at + wanted.length - 1]! + 1)
}

function isSpace(letter: string): boolean {
  return letter === ' ' || letter === '\n' || letter === '\r' || letter === '\t'
}
