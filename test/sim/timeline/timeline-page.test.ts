/** The page as a text: whole, safe against what a run says, and in need of nothing from elsewhere. */
import { Script } from 'node:vm'
import t from 'tap'
import { timelinePage, writeTimelinePage } from '../../../src/sim/timeline/timeline-page.js'
import { decodeEvents } from '../../../src/sim/timeline/page/decode.js'
import type { PageData } from '../../../src/sim/timeline/page/fields.js'
import { run, send, trace } from './events.js'
import { syntheticRun, violated } from './synthetic-run.js'

function dataOf(page: string): PageData {
  return JSON.parse(/<script type="application\/json" id="trace">(.*?)<\/script>/s.exec(page)![1]!) as PageData
}

void t.test('holds its events, whatever they say', t => {
  const hostile = `</script><script>alert(1)</script> <!-- ]]> \u2028 '"\``
  const events = trace(run, send(1, 1, hostile), { kind: 'fault', at: 2, what: hostile, lanes: [], forMs: 0 })
  const page = timelinePage(events, hostile)
  t.same(decodeEvents(dataOf(page)), events)
  t.equal(page.match(/<\/script>/g)!.length, 2, 'two scripts begin and end')
  t.notMatch(page, /<script>alert/)
  t.end()
})

void t.test('its script is whole', t => {
  const script = /<script type="module">\n(.*?)<\/script>/s.exec(timelinePage([], 'empty'))![1]!
  t.notMatch(script, /^\s*(import|export)\b/m)
  t.doesNotThrow(() => new Script(script))
  t.end()
})

void t.test('asks for nothing from elsewhere', t => {
  const page = timelinePage(syntheticRun(violated), 'alone')
  t.notMatch(page, /https?:|\bfetch\(|XMLHttpRequest|\bsrc=|url\(|@import|WebSocket/)
  t.match(page, /default-src 'none'/)
  t.end()
})

void t.test('is handed on in pieces, and no event is asked for twice', t => {
  const events = syntheticRun(violated)
  const pieces: string[] = []
  writeTimelinePage(events.values(), 'pieces', piece => pieces.push(piece))
  t.ok(pieces.length > 5)
  t.equal(pieces.join(''), timelinePage(events, 'pieces'))
  t.end()
})
