import t from 'tap'
import { chunkBytesMax, encodeFrame, FrameReader } from '../../src/session/frames.js'

void t.test('the bytes are as drawn', t => {
  t.same(Buffer.concat(encodeFrame(3, Buffer.from('ab'))).toString('hex'), '03020000006162')
  t.end()
})

/** What a reader makes of the chunks. Each chunk is overwritten when it was read: it is only lent. */
function read(chunks: readonly Uint8Array[]): { frames: [kind: number, payload: string][]; atEnd: boolean } {
  const frames: [number, string][] = []
  const reader = new FrameReader((kind, payload) => frames.push([kind, Buffer.from(payload).toString('hex')]))
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk)
    reader.push(lent)
    lent.fill(0xee)
  }
  return { frames, atEnd: reader.atEnd() }
}

void t.test('frames come out as they went in, however the chunks are cut', t => {
  const payloads = [0, 1, 5, chunkBytesMax - 5, chunkBytesMax - 4, chunkBytesMax, 200_000, 0].map((length, i) =>
    Buffer.alloc(length, i),
  )
  const chunks = payloads.flatMap((payload, i) => encodeFrame(i, payload))
  t.ok(chunks.every(chunk => chunk.length <= chunkBytesMax))
  const wanted = payloads.map((payload, i) => [i, payload.toString('hex')])
  const bytes = Buffer.concat(chunks)
  for (const size of [1, 2, 3, 6, 65_536, bytes.length]) {
    const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    t.strictSame(read([Buffer.alloc(0), ...cut, Buffer.alloc(0)]), { frames: wanted, atEnd: true }, `${size} bytes`)
  }
  t.end()
})

void t.test('a frame that is not whole is none, and the end is not there', t => {
  const bytes = Buffer.concat(encodeFrame(3, Buffer.from('ab')))
  for (let length = 1; length < bytes.length; length++) {
    t.strictSame(read([bytes.subarray(0, length)]), { frames: [], atEnd: false })
    t.strictSame(read([bytes.subarray(0, length), bytes.subarray(length)]), { frames: [[3, '6162']], atEnd: true })
  }
  t.strictSame(read([]), { frames: [], atEnd: true })
  t.strictSame(read([Buffer.from('03ffffffff00', 'hex')]), { frames: [], atEnd: false }, 'and reserves nothing')
  t.end()
})
