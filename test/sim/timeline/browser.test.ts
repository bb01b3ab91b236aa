/** The page in a real browser at 1280x800: no errors, no text over text, and keys and pointer do what they say. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { timelinePage } from '../../../src/sim/timeline/timeline-page.js'
import { readBookmark } from '../../../src/sim/timeline/page/view.js'
import { Browser, findChromium } from './browser.js'
import { large, small, syntheticRun, violated } from './synthetic-run.js'

const command = findChromium()
const skip = command === undefined && 'no Chromium on this machine'

/** The boxes of all words outside the drawing that lie on one another, as texts. */
const overlapsOfWords = `(() => {
  const leaves = [...document.querySelectorAll('h1, #facts, #count, button, input, .entry, .faint, th, td, h2, h3, .message')]
    .filter(one => one.getClientRects().length > 0 && one.querySelector('button, .entry') === null)
  const seen = one => {
    // What scrolls within a part of the page is seen only there.
    const [box, part] = [one, one.closest('#verdict, #panel') ?? document.body].map(it => it.getBoundingClientRect())
    return { left: box.left, right: box.right, top: Math.max(box.top, part.top), bottom: Math.min(box.bottom, part.bottom) }
  }
  const boxes = leaves.map(one => ({ one, box: seen(one) })).filter(({ box }) => box.top < box.bottom)
  const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).map(b => [a, b]))
  return pairs.filter(([a, b]) => !a.one.contains(b.one) && !b.one.contains(a.one) &&
    a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 &&
    a.box.top < b.box.bottom - 1 && b.box.top < a.box.bottom - 1)
    .map(([a, b]) => a.one.textContent + ' / ' + b.one.textContent)
})()`

void t.test('in Chromium', { skip }, async t => {
  const browser = new Browser(command!)
  const folder = mkdtempSync(join(tmpdir(), 'raftgram-page-'))
  t.teardown(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await browser.begin(1280, 800)
  let pages = 0
  const show = async (page: string, hash = '') => {
    const path = join(folder, `${++pages}.html`)
    writeFileSync(path, page)
    await browser.open(`${pathToFileURL(path).href}${hash}`)
    return path
  }
  const drawn = async (name: string) => Number(await browser.evaluate(`document.documentElement.dataset.${name}`))
  const shown = async (selector: string) =>
    String(await browser.evaluate(`document.querySelector('${selector}').textContent`))
  const isClean = async (t: Test, what: string) => {
    t.same(browser.problems, [], `${what}: no errors`)
    t.equal(await drawn('overlaps'), 0, `${what}: no text on text in the drawing`)
    t.same(await browser.evaluate(overlapsOfWords), [], `${what}: no text on text beside it`)
    t.ok((await drawn('texts')) > 10, `${what}: it was drawn`)
    t.equal(await browser.evaluate('document.documentElement.scrollWidth'), 1280, `${what}: as wide as the window`)
  }
  const view = async () => {
    await browser.evaluate('new Promise(done => setTimeout(() => done(true), 500))')
    return readBookmark(String(await browser.evaluate('location.hash')))
  }

  await t.test('a run that passed shows its first election', async t => {
    await show(timelinePage(syntheticRun(small), 'a <b>title</b> & "more"'))
    await isClean(t, 'passed')
    t.equal(await shown('h1'), 'a <b>title</b> & "more"')
    t.match(await shown('#verdict'), /Passed/)
    t.ok((await drawn('datagrams')) >= 4, 'the votes are there')
  })

  await t.test('a violation is stated, selected and in view; all zooms are readable', async t => {
    const page = timelinePage(syntheticRun(violated), 'violated')
    await show(page)
    await isClean(t, 'violated')
    t.match(await shown('#verdict'), /Safety violated: LogMatching.*hold different entries/s)
    t.match(await shown('#panel h2'), /LogMatching/)
    for (const hash of ['#from=-60&to=6060', '#from=1000&to=1500', '#from=2390&to=2440', '#from=3890&to=3900']) {
      await show(page, hash)
      await isClean(t, hash)
    }
    await browser.ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] })
    await browser.settle()
    await isClean(t, 'dark')
    await browser.ask('Emulation.setEmulatedMedia', { features: [] })
  })

  await t.test('keys move, search finds, a click selects, the address follows', async t => {
    await show(timelinePage(syntheticRun(violated), 'keys'), '#from=1000&to=1100')
    await browser.press('ArrowRight')
    t.same((await view()).view, { from: 1020, to: 1120 })
    await browser.press('-')
    t.same((await view()).view, { from: 995, to: 1145 })
    await browser.press('0')
    t.ok((await view()).view!.to > 6000)
    await browser.press('/')
    for (const letter of 'vote lost') await browser.press(letter)
    t.match(await shown('#count'), /^\d+ found$/)
    await browser.press('Enter')
    t.match(await shown('#panel h2'), /lost/)
    t.match(await shown('#panel'), /Because of.*RequestVote/s)
    t.type((await view()).step, 'number')
    await browser.evaluate('document.activeElement.blur()')
    await browser.press('c')
    t.match(await shown('#panel h2'), /RequestVote/, 'its cause')
    await browser.press('Escape')
    t.equal(await shown('#count'), '')
    t.match(await shown('#panel h2'), /Nothing/)
    await browser.click(400, 305)
    t.match(await shown('#panel h2'), /^s1 is \w+ in term/, 'the bar of s1')
    t.same(browser.problems, [])
  })

  await t.test('wheel and drag move the window, the strip jumps, the legend hides', async t => {
    await show(timelinePage(syntheticRun(violated), 'pointer'), '#from=1000&to=1100')
    // The drawing spans the 908 pixels from 52 to 960.
    await browser.drag(500, 600, 409, 600)
    const dragged = (await view()).view!
    t.ok(Math.abs(dragged.from - 1010) < 0.2 && Math.abs(dragged.to - 1110) < 0.2, JSON.stringify(dragged))
    await browser.wheel(52, 600, -200)
    const zoomed = (await view()).view!
    t.ok(Math.abs(zoomed.from - dragged.from) < 0.2 && zoomed.to < dragged.to - 20, JSON.stringify(zoomed))
    await browser.click(506, 190)
    const jumped = (await view()).view!
    t.ok(Math.abs((jumped.from + jumped.to) / 2 - 3000) < 20, JSON.stringify(jumped))
    const before = await drawn('datagrams')
    await browser.evaluate(`[...document.querySelectorAll('#legend button')][0].click()`)
    await browser.settle()
    t.ok((await drawn('datagrams')) < before, 'no AppendEntries any more')
    t.same(browser.problems, [])
  })

  await t.test('200,000 events, and nothing at all', async t => {
    const events = syntheticRun(large)
    t.ok(events.length > 200_000)
    await show(timelinePage(events, 'large'))
    await isClean(t, 'large')
    await browser.press('0')
    await isClean(t, 'the whole of large')
    await show(timelinePage([], 'empty'))
    t.same(browser.problems, [])
    t.match(await shown('#verdict'), /ends before/)
  })

  await t.test('many servers, many clients, long words', async t => {
    const events = syntheticRun({ ...small, servers: 9, clients: 30, isViolated: true }).map(event =>
      event.kind === 'end' ? { ...event, message: 'a long story\n'.repeat(40) } : event,
    )
    await show(timelinePage(events, 'a title as long as '.repeat(20)))
    await isClean(t, 'many')
    t.ok(await browser.evaluate('document.getElementById("scroll").scrollHeight > 500'), 'the lanes can be scrolled')
  })

  await t.test('an error in the page would be seen', async t => {
    await show('<!doctype html><script>throw new Error("planted")</script>')
    t.match(browser.problems.splice(0).join(), /planted/)
  })
})
