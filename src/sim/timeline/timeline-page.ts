/**
 * The timeline of a run as one page that needs nothing but a browser: its events, its script and its style stand in it,
 * and a policy in its head forbids it to load anything else.
 */
import type { TraceEvent } from '../trace.js'
import { EventEncoder } from './encode.js'
import { pageScript } from './page-script.js'
import { pageStyle } from './page-style.js'

/** Pieces are handed on when they have grown to about this. */
const pieceLength = 65_536

/** The page as one text. */
export function timelinePage(events: Iterable<TraceEvent>, title: string): string {
  const pieces: string[] = []
  writeTimelinePage(events, title, piece => pieces.push(piece))
  return pieces.join('')
}

/** Hands the page on piece by piece, so that no more than the texts of a long run is held in memory. */
export function writeTimelinePage(events: Iterable<TraceEvent>, title: string, write: (piece: string) => void): void {
  const encoder = new EventEncoder()
  write(head(title))
  write('{"rows":[')
  let piece = ''
  let separator = ''
  for (const event of events) {
    piece += `${separator}${encoder.encode(event).join()}`
    separator = ','
    if (piece.length < pieceLength) continue
    write(piece)
    piece = ''
  }
  write(`${piece}],"texts":[`)
  // '<' would let a text end the script that it stands in.
  write(encoder.texts.join(',\n').replaceAll('<', '\\u003c'))
  write(`]}</script>\n<script type="module">\n${pageScript()}</script>\n</body>\n</html>\n`)
}

function head(title: string): string {
  const name = escapeMarkup(title)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${name}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1 title="${name}">${name}</h1>
<span id="facts"></span>
<div id="tools">
<span id="count" role="status"></span>
<input id="search" type="search" placeholder="search: type, text, lane ( / )" aria-label="search">
<button id="previous" title="previous found (Shift+Enter)">‹</button>
<button id="next" title="next found (Enter)">›</button>
<button id="closer" title="zoom in (+)">+</button>
<button id="farther" title="zoom out (-)">−</button>
<button id="all" title="the whole run (0)">all</button>
</div>
</header>
<div id="verdict" role="status"></div>
<div id="legend"></div>
<main>
<canvas id="strip" aria-label="the whole run"></canvas>
<div id="scroll"><canvas id="drawing" aria-label="the timeline"></canvas></div>
</main>
<aside id="panel" aria-label="the selected event"></aside>
<script type="application/json" id="trace">`
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
