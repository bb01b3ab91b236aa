/** A headless Chromium, driven over pipes by its own protocol: opens a page, tells what went wrong in it, asks it things. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** The command of a browser on this machine, undefined where there is none. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return names.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
}

export class Browser {
  /** Uncaught exceptions, errors of the console, and loads that failed. */
  readonly problems: string[] = []
  private readonly folder = mkdtempSync(join(tmpdir(), 'raftgram-chromium-'))
  private readonly process: ChildProcess
  private readonly waiting = new Map<number, (reply: Reply) => void>()
  private onLoad: () => void = () => undefined
  private lastId = 0
  private session: string | undefined

  constructor(command: string) {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run']
    this.process = spawn(
      command,
      [...flags, '--disable-dev-shm-usage', '--remote-debugging-pipe', `--user-data-dir=${this.folder}`, 'about:blank'],
      // A group of its own, so that all its processes end with it.
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
    )
    let text = ''
    ;(this.process.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = `${text}${chunk}`.split('\0')
      text = messages.pop()!
      for (const message of messages) this.hear(JSON.parse(message) as Reply)
    })
  }

  /** Opens an empty page of this size. */
  async begin(width: number, height: number): Promise<void> {
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true })
    this.session = sessionId as string
    for (const domain of ['Runtime', 'Log', 'Page']) await this.ask(`${domain}.enable`)
    await this.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  }

  /** Loads a page and waits until it has drawn. */
  async open(url: string): Promise<void> {
    // A new fragment alone would load nothing.
    await this.load('about:blank')
    await this.load(url)
    await this.settle()
  }

  /** Waits for two frames. */
  async settle(): Promise<void> {
    await this.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))')
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const reply = await this.ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (reply['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(reply['exceptionDetails']))
    return (reply['result'] as { value?: unknown }).value
  }

  /** Presses a key, as a keyboard would. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {}
    await this.ask('Input.dispatchKeyEvent', { type: 'keyDown', key, ...text })
    await this.ask('Input.dispatchKeyEvent', { type: 'keyUp', key })
    await this.settle()
  }

  /** Clicks at a place of the window. */
  async click(x: number, y: number): Promise<void> {
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) {
      await this.ask('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
    }
    await this.settle()
  }

  /** Drags from one place to another, with the button down. */
  async drag(x1: number, y1: number, x2: number, y2: number): Promise<void> {
    const mouse = (type: string, x: number, y: number) =>
      this.ask('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 })
    await mouse('mousePressed', x1, y1)
    await mouse('mouseMoved', (x1 + x2) / 2, (y1 + y2) / 2)
    await mouse('mouseMoved', x2, y2)
    await mouse('mouseReleased', x2, y2)
    await this.settle()
  }

  /** Turns the wheel over a place. */
  async wheel(x: number, y: number, deltaY: number): Promise<void> {
    await this.ask('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY })
    await this.settle()
  }

  /** Any other command of the protocol. */
  async ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.lastId
    const replied = new Promise<Reply>(resolve => this.waiting.set(id, resolve))
    const session = this.session === undefined ? {} : { sessionId: this.session }
    ;(this.process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    const { result, error } = await replied
    if (result === undefined) throw new Error(`${method}: ${error?.message ?? 'no result'}`)
    return result
  }

  /** Ends the browser and removes its folder. */
  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit')
      process.kill(-this.process.pid!, 'SIGKILL')
      await ended
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  private async load(url: string): Promise<void> {
    const loaded = new Promise<void>(resolve => (this.onLoad = resolve))
    await this.ask('Page.navigate', { url })
    await loaded
  }

  private hear({ id, method, params, result, error }: Reply): void {
    if (id !== undefined) {
      this.waiting.get(id)?.({ ...(result && { result }), ...(error && { error }) })
      this.waiting.delete(id)
    } else if (method === 'Page.loadEventFired') this.onLoad()
    else if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(params))
    else if (method === 'Runtime.consoleAPICalled' && params?.['type'] === 'error') {
      this.problems.push(JSON.stringify(params['args']))
    } else if (method === 'Log.entryAdded' && (params?.['entry'] as { level: string }).level === 'error') {
      this.problems.push(JSON.stringify(params?.['entry']))
    }
  }
}
