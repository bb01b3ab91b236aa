/** Writes the trace of a run: as JSON lines, and as a page to look at. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { writeTimelinePage } from '../src/sim/timeline/timeline-page.js'
import type { TraceEvent } from '../src/sim/trace.js'
import { writeFailed } from './refuse-unwritable.js'

/** Lines are written together until they are so many characters. */
const charactersAtOnce = 1_000_000

/** `title` is the page's. Files that are undefined are not written. */
export function writeTraceFiles(
  events: readonly TraceEvent[],
  title: string,
  files: { readonly trace: string | undefined; readonly html: string | undefined },
): void {
  write(files.trace, path => writeLines(path, events))
  write(files.html, path => writePage(path, events, title))
}

function write(path: string | undefined, writeTo: (path: string) => void): void {
  if (path === undefined) return
  try {
    writeTo(path)
  } catch (error) {
    throw writeFailed(path, error)
  }
}

function writeLines(path: string, events: readonly TraceEvent[]): void {
  const file = openSync(path, 'w')
  let text = ''
  for (const event of events) {
    text += `${JSON.stringify(event)}\n`
    if (text.length < charactersAtOnce) continue
    writeSync(file, text)
    text = ''
  }
  writeSync(file, text)
  closeSync(file)
}

function writePage(path: string, events: readonly TraceEvent[], title: string): void {
  const file = openSync(path, 'w')
  writeTimelinePage(events, title, piece => writeSync(file, piece))
  closeSync(file)
}
