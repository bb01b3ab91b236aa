/**
 * Memory that begins on a page: what the kernel can hand to a disk as it is (O_DIRECT, see open(2)). Node's own arrays
 * begin where malloc likes; a memory of WebAssembly is mapped, and begins on a page wherever it is. Nothing else of
 * WebAssembly is used.
 */

/** Bytes of a page, and of the parts of a file that are written past the page cache. */
export const pageBytes = 4_096

const wasmPageBytes = 65_536

declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

/** The arrays that were given out here: where an array's memory lies cannot be asked. */
const given = new WeakSet<ArrayBufferLike>()

/** `bytes` zeros from the beginning of a page on. Where so much address space cannot be had, ordinary memory. */
export function pageMemory(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / wasmPageBytes)
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
    given.add(buffer)
    return new Uint8Array(buffer, 0, bytes)
  } catch {
    // Each reserves gigabytes of addresses, of which it uses a few; `ulimit -v` may forbid that.
    return new Uint8Array(bytes)
  }
}

/** Whether `data` is whole pages of such memory. */
export function isPages(data: Uint8Array): boolean {
  return data.length > 0 && data.length % pageBytes === 0 && data.byteOffset % pageBytes === 0 && given.has(data.buffer)
}
