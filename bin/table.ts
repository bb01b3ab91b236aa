/** Tables for people. */
import Table from 'cli-table3'

/** Rows under headings, without lines between rows; `rightAligned` names the columns that hold numbers. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: string[],
): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' }
  const drawn = new Table({
    head: [...headings],
    colAligns: headings.map(heading => (rightAligned.includes(heading) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    chars: {
      ...none,
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  })
  for (const row of rows) drawn.push([...row])
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}
