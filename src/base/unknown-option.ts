/**
 * Options of the library by names that there are not: a slip of the fingers would have no effect, and nobody would know.
 */
import { suggestion } from './suggestion.js'

/** What is wrong with the names in `given`, in one line; null: nothing. `what` they are options of. */
export function unknownOption(given: object, known: readonly string[], what: string): string | null {
  const unknown = Object.keys(given).find(name => !known.includes(name))
  if (unknown === undefined) return null
  return `${what} have no ${JSON.stringify(unknown)}${suggestion(unknown, known) || `: they are ${known.join(', ')}`}`
}
