import t from 'tap'
import { chunkBytesMax, encodeFrame, FrameReader } from '../../src/session/frames.js'

void t.test('the bytes are as drawn', t => {
  t.same(Buffer.concat(encodeFrame(3, Buffer.from('ab'))).toString('hex'), '03020000006162')
  t.end()
})

void t.test('frames come out as they went in, however the chunks are cut', t => {
  const payloads = [0, 1, 5, chunkBytesMax - 5, chunkBytesMax - 4, chunkBytesMax, 200_000].map((length, i) =>
    Buffer.alloc(length, i),
  )
  const chunks = payloads.flatMap((payload, i) => encodeFrame(i, payload))
  t.ok(chunks.every(chunk => chunk.length <= chunkBytesMax))
  const bytes = Buffer.concat(chunks)
  for (const size of [1, 6, 65_536, bytes.length]) {
    const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    const reader = new FrameReader([Buffer.alloc(0), ...cut, Buffer.alloc(0)])
    for (const [i, payload] of payloads.entries()) {
      const frame = i === 0 ? reader.current() : reader.advance()
      t.equal(frame.kind, i)
      t.ok(payload.equals(frame.payload))
      t.equal(reader.atEnd(), i === payloads.length - 1)
    }
    t.throws(() => reader.advance(), /a snapshot is whole/)
  }
  t.end()
})

void t.test('a length that promises more than there is reserves nothing and throws', t => {
  t.throws(() => new FrameReader([Buffer.from('03ffffffff00', 'hex')]), /a snapshot is whole/)
  t.throws(() => new FrameReader([]), /a snapshot is whole/)
  t.end()
})
