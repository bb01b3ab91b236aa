/**
 * A file filled with zeros beforehand, so that a write changes no metadata, into which groups of records are written, each
 * durable when it is done. Records that come while a write is on its way make up the next group.
 */
import { closeSync, constants, fsyncSync, openSync, write, writeSync } from 'node:fs'

/** Then it begins at its start again: blocks that were written once cost what zeroed ones do. */
const fileBytes = 32 * 1024 * 1024

export class GroupFile {
  private readonly fd: number
  private readonly onDurable: (records: number) => void
  private waiting: Uint8Array[] = []
  private waitingRecords = 0
  private durableRecords = 0
  private offset = 0
  private isWriting = false

  /** `onDurable` is told how many records are on the disk since the start. */
  constructor(path: string, onDurable: (records: number) => void) {
    const zeros = openSync(path, 'w')
    const part = new Uint8Array(1024 * 1024)
    for (let at = 0; at < fileBytes; at += part.length) writeSync(zeros, part, 0, part.length, at)
    fsyncSync(zeros)
    closeSync(zeros)
    // As a write and fdatasync, in one call.
    this.fd = openSync(path, constants.O_RDWR | constants.O_DSYNC)
    this.onDurable = onDurable
  }

  append(bytes: Uint8Array, records: number): void {
    this.waiting.push(bytes)
    this.waitingRecords += records
    if (!this.isWriting) this.writeGroup()
  }

  private writeGroup(): void {
    const group = this.waiting.length === 1 ? this.waiting[0]! : Buffer.concat(this.waiting)
    const records = this.waitingRecords
    this.waiting = []
    this.waitingRecords = 0
    if (this.offset + group.length > fileBytes) this.offset = 0
    this.isWriting = true
    write(this.fd, group, 0, group.length, this.offset, (error, written) => {
      if (error !== null) throw error
      if (written < group.length) throw new Error('the disk took a part of a group')
      this.isWriting = false
      this.offset += written
      this.durableRecords += records
      this.onDurable(this.durableRecords)
      if (this.waitingRecords > 0) this.writeGroup()
    })
  }
}
