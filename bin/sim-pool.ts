/** The threads of `sim`: each takes a task when it is free, and is told to end when nothing is left. */
import { Worker } from 'node:worker_threads'
import type { SimDone, SimTask } from './sim-worker.js'

export class SimPool {
  private readonly workers: Worker[]
  private readonly idle: Worker[]
  private readonly waiting: { readonly task: SimTask; readonly done: (result: SimDone) => void }[] = []
  private readonly running = new Map<Worker, (result: SimDone) => void>()
  private failed: (error: Error) => void = () => undefined
  /** Rejects when a thread ends by itself: out of memory, a bug of the simulator. Never resolves. */
  readonly failure: Promise<never>

  constructor(threads: number) {
    this.failure = new Promise((_, reject) => (this.failed = reject))
    this.failure.catch(() => undefined)
    this.workers = Array.from({ length: threads }, () => this.newWorker())
    this.idle = [...this.workers]
  }

  /** Has a task done by the next thread that is free. */
  run<Done extends SimDone>(task: SimTask & { readonly kind: Done['kind'] }): Promise<Done> {
    return new Promise(resolve => {
      // The answer to a task is of the kind of the task.
      this.waiting.push({ task, done: resolve as (result: SimDone) => void })
      this.next()
    })
  }

  /** Forgets what nobody has begun. */
  drop(): void {
    this.waiting.length = 0
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.terminate()))
  }

  private newWorker(): Worker {
    const worker = new Worker(new URL('./sim-worker.js', import.meta.url))
    worker.on('message', (result: SimDone) => {
      const done = this.running.get(worker)
      this.running.delete(worker)
      this.idle.push(worker)
      done?.(result)
      this.next()
    })
    worker.on('error', error => this.failed(error))
    return worker
  }

  private next(): void {
    while (this.waiting.length > 0 && this.idle.length > 0) {
      const { task, done } = this.waiting.shift()!
      const worker = this.idle.pop()!
      this.running.set(worker, done)
      worker.postMessage(task)
    }
  }
}
