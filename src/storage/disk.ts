/**
 * The Disk port: all that storage asks of a file system. Callbacks only, so that a simulated disk can let time pass
 * (and crash) between a call and its completion. The real one is disk-node.ts, the simulated one disk-sim.ts; both pass
 * test/contracts/disk.ts.
 */

/** Called exactly once, never before the call that was given it has returned. */
export type Done = (error: Error | null) => void
export type Got<T> = (error: Error | null, value: T) => void

export interface DiskFile {
  /**
   * Writes all of `data` at `offset`. When it calls back without an error, the bytes are durable (O_DSYNC).
   * `data` belongs to the disk until then. Short writes are completed by the implementation.
   */
  write(offset: number, data: Uint8Array, done: Done): void
  /**
   * Reads up to `length` bytes; fewer only at the end of the file. With `target`, which has room for them and belongs to
   * the disk until it calls back, they are its first ones: who reads much leaves the collector of garbage nothing to do.
   */
  read(offset: number, length: number, got: Got<Uint8Array>, target?: Uint8Array): void
  /** Length of the file when it was opened or last extended by a write. */
  readonly sizeBytes: number
  /** When no write is under way. */
  close(done: Done): void
}

export interface Disk {
  /** Memory, zeros, from which this disk likes to be written: for who writes much, at places that are multiples of pages. */
  memory(bytes: number): Uint8Array
  /** Opens for reading and writing; `create` makes it, and fails if it exists. */
  open(path: string, mode: 'existing' | 'create' | 'read-only', got: Got<DiskFile>): void
  /** Names in a directory, sorted; an error with code ENOENT if there is none. */
  list(directory: string, got: Got<string[]>): void
  /** Makes a directory and its parents, durable when it calls back; no error if it exists. */
  makeDirectory(directory: string, done: Done): void
  /** Durable only after syncDirectory of the directory. */
  rename(from: string, to: string, done: Done): void
  /** Durable only after syncDirectory of the directory. */
  remove(path: string, done: Done): void
  syncDirectory(directory: string, done: Done): void
  /** Bytes by which files in this directory may grow before the file system is full, as far as it says; no quota counts. */
  freeBytes(directory: string, got: Got<number>): void
  /** Takes a lock that ends with the process, also by kill -9. An error with code ELOCKED if another process holds it. */
  lock(path: string, got: Got<{ release(): void }>): void
}
