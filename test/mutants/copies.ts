/**
 * Copies of the built program in which a mutant lives, below .build/ (from where node_modules are found), and the child
 * processes that judge them. A copy holds what a simulation needs: the library, its codec and the killers.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import type { Job, JobResult } from './killer.js'
import { edited, type Edit, type Mutant } from './mutant.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const dist = join(root, 'dist')
const rooms = ['src', 'codec', 'test/mutants']
/** Of the whole program; a child that goes on for longer will never end. */
const wallMsMax = 240_000

/** The text of a file of the mutant. Throws unless each edit has one place. */
export function mutatedText(file: string, edits: readonly Edit[]): string {
  return edits.filter(edit => edit.file === file).reduce(edited, readFileSync(join(dist, file), 'utf8'))
}

/** Has a child do jobs with the true program, or with a copy that holds a mutant. */
export async function doJobs(mutant: Mutant | null, jobs: readonly Job[]): Promise<JobResult[]> {
  if (mutant === null) return inChild(dist, jobs)
  const copy = join(root, '.build', 'mutants', `${mutant.name.replaceAll(/[^a-z]+/gi, '-')}-${process.pid}`)
  try {
    const files = mutant.edits.map(({ file }) => file)
    for (const room of rooms) linkProgram(room, copy, files)
    for (const file of new Set(files)) writeFileSync(join(copy, file), mutatedText(file, mutant.edits))
    return await inChild(copy, jobs)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** A name of its own for each file is all that makes modules of a copy others than those of dist/. */
function linkProgram(room: string, copy: string, except: readonly string[]): void {
  mkdirSync(join(copy, room), { recursive: true })
  for (const entry of readdirSync(join(dist, room), { withFileTypes: true })) {
    const path = `${room}/${entry.name}`
    if (entry.isDirectory()) linkProgram(path, copy, except)
    else if (/\.js(on)?$/.test(path) && !except.includes(path)) linkSync(join(dist, path), join(copy, path))
  }
}

async function inChild(program: string, jobs: readonly Job[]): Promise<JobResult[]> {
  const child = spawn(process.execPath, [join(program, 'test/mutants/jobs.js'), JSON.stringify(jobs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: wallMsMax,
  })
  let complaint = ''
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()))
  const ended = once(child, 'close')
  const results: JobResult[] = []
  for await (const line of createInterface({ input: child.stdout })) results.push(JSON.parse(line) as JobResult)
  const [status, signal] = (await ended) as [number | null, string | null]
  if (status !== 0) throw new Error(`the judge ended with ${status ?? signal ?? 'nothing'}: ${complaint}`)
  return results
}
