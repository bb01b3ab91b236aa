/** What every Disk has to do. The real and the simulated one pass the same suite. */
import type { Test } from 'tap'
import type { Disk, DiskFile } from '../../src/storage/disk.js'

/** A disk to test, and a directory on it that exists and is empty. */
export interface DiskUnderTest {
  readonly disk: Disk
  readonly directory: string
}

/** Waits for one operation. It has to call back once, and not before the call that was given it has returned. */
export function completed<T>(start: (got: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let returned = false
    let calls = 0
    start((error, value) => {
      if (!returned) reject(new Error('called back before the call returned'))
      else if (++calls > 1) reject(new Error('called back twice'))
      else if (error === null) resolve(value)
      else reject(error)
    })
    returned = true
  })
}

export function done(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return completed<undefined>(got => start(error => got(error, undefined)))
}

export async function diskContract(t: Test, { disk, directory }: DiskUnderTest): Promise<void> {
  const open = (name: string, mode: 'existing' | 'create' | 'read-only'): Promise<DiskFile> =>
    completed(got => disk.open(`${directory}/${name}`, mode, got))
  const read = (file: DiskFile, offset: number, length: number): Promise<number[]> =>
    completed<Uint8Array>(got => file.read(offset, length, got)).then(bytes => [...bytes])
  const write = (file: DiskFile, offset: number, bytes: number[]): Promise<void> =>
    done(next => file.write(offset, Uint8Array.from(bytes), next))

  await t.test('what is written is read, in the same and in a later opening', async t => {
    const file = await open('a', 'create')
    t.equal(file.sizeBytes, 0)
    await write(file, 0, [1, 2, 3, 4])
    await write(file, 6, [7])
    t.equal(file.sizeBytes, 7, 'a write past the end makes the file longer')
    await write(file, 1, [9])
    t.equal(file.sizeBytes, 7)
    t.same(await read(file, 0, 7), [1, 9, 3, 4, 0, 0, 7], 'a gap reads as zeros')
    await done(next => file.close(next))
    const again = await open('a', 'read-only')
    t.equal(again.sizeBytes, 7)
    t.same(await read(again, 5, 100), [0, 7], 'fewer bytes at the end')
    t.same(await read(again, 100, 10), [], 'none beyond it')
    await t.rejects(write(again, 0, [5]), 'what was opened to read is not written')
    await done(next => again.close(next))
  })

  await t.test('a large write arrives whole', async t => {
    const file = await open('large', 'create')
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251)
    await done(next => file.write(5, bytes, next))
    const back = await completed<Uint8Array>(got => file.read(5, bytes.length + 10, got))
    t.equal(Buffer.compare(back, bytes), 0)
    await done(next => file.close(next))
  })

  await t.test('pages from memory of the disk, and what lies between them', async t => {
    const file = await open('pages', 'create')
    const memory = disk.memory(5 * 4_096)
    t.equal(memory.length, 5 * 4_096)
    t.ok(memory.every(byte => byte === 0))
    for (let at = 0; at < memory.length; at++) memory[at] = 1 + (at % 251)
    const expected = new Uint8Array(5 * 4_096 + 7)
    for (const [offset, from, to] of [
      [4_096, 4_096, 3 * 4_096],
      [7, 0, 4_096],
      [2 * 4_096 + 1, 8_192, 8_193],
      [3 * 4_096, 0, 2 * 4_096],
      [2 * 4_096, 100, 4_196],
      [0, 4 * 4_096, 5 * 4_096],
      [4 * 4_096, 4_096, 2 * 4_096 + 7],
    ] as const) {
      const part = memory.subarray(from, to)
      expected.set(part, offset)
      await done(next => file.write(offset, part, next))
      const seen = await completed<Uint8Array>(got => file.read(0, expected.length, got))
      t.equal(Buffer.compare(seen, expected.subarray(0, file.sizeBytes)), 0, `bytes ${from}..${to} at ${offset}`)
    }
    t.equal(file.sizeBytes, expected.length)
    await done(next => file.close(next))
  })

  await t.test('opening says what is there and what is not', async t => {
    await t.rejects(open('nothing', 'existing'), { code: 'ENOENT' })
    await t.rejects(open('nothing', 'read-only'), { code: 'ENOENT' })
    await t.rejects(open('no/such/directory', 'create'), { code: 'ENOENT' })
    await t.rejects(open('a', 'create'), { code: 'EEXIST' })
  })

  await t.test('names: list, rename, remove, sync', async t => {
    const names = (path: string): Promise<string[]> => completed(got => disk.list(path, got))
    await done(next => disk.makeDirectory(`${directory}/x/y`, next))
    await done(next => disk.makeDirectory(`${directory}/x/y`, next))
    t.same(await names(`${directory}/x`), ['y'])
    for (const name of ['x/y/c', 'x/y/b']) {
      const file = await open(name, 'create')
      await write(file, 0, [name.charCodeAt(4)])
      await done(next => file.close(next))
    }
    t.same(await names(`${directory}/x/y`), ['b', 'c'], 'sorted')
    await done(next => disk.rename(`${directory}/x/y/c`, `${directory}/x/y/b`, next))
    t.same(await names(`${directory}/x/y`), ['b'], 'a rename replaces')
    const file = await open('x/y/b', 'existing')
    t.same(await read(file, 0, 1), ['c'.charCodeAt(0)])
    await done(next => file.close(next))
    await done(next => disk.syncDirectory(`${directory}/x/y`, next))
    await done(next => disk.remove(`${directory}/x/y/b`, next))
    t.same(await names(`${directory}/x/y`), [])
    await t.rejects(
      done(next => disk.remove(`${directory}/x/y/b`, next)),
      { code: 'ENOENT' },
    )
    await t.rejects(names(`${directory}/none`), { code: 'ENOENT' })
    await t.rejects(
      done(next => disk.rename(`${directory}/none`, `${directory}/other`, next)),
      { code: 'ENOENT' },
    )
    await t.rejects(
      done(next => disk.syncDirectory(`${directory}/none`, next)),
      { code: 'ENOENT' },
    )
  })

  await t.test('free bytes of a directory that is there', async t => {
    const free = (path: string): Promise<number> => completed(got => disk.freeBytes(path, got))
    t.ok((await free(directory)) > 0)
  })

  await t.test('a lock is held by one at a time', async t => {
    const lock = (): Promise<{ release(): void }> => completed(got => disk.lock(`${directory}/lock`, got))
    const held = await lock()
    await t.rejects(lock(), { code: 'ELOCKED' })
    held.release()
    const next = await lock()
    next.release()
    t.ok((await completed<string[]>(got => disk.list(directory, got))).includes('lock'))
  })
}
