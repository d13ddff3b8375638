import { internals } from '../internals.mjs'

const { Bytes } = await internals('bytes/bytes.ts')

const words = [
  'getUser',
  'user-service',
  'GET',
  '/users/:id',
  '127.0.0.1',
  'http.request.method',
  '2026-11-26T23:34:09.123Z',
]
const paths = ['/users/4711', '/orders/2026-11-26/items?page=2', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36']
const chunks = [',"a":', '"op":"', '"status":', ',"ms":'].map((text) => Buffer.from(text))
const numbers = [7, 200, 4711, 65_535, 1_764_200_049_123, 1_764_200_049_123_456]
const memory = Buffer.allocUnsafeSlow(4096)
const out = new Bytes(4096)

/** A buffer that grows, written to by Node's own functions. */
class PlainBytes {
  length = 0
  buffer = memory
  text(text) {
    this.length += this.buffer.write(text, this.length)
  }
  chunk(bytes) {
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }
}
const plainOut = new PlainBytes()

/** Runs `write` so often with values in turn, in a buffer that is emptied now and then. */
function writing(values, write) {
  return (rounds) => {
    for (let i = 0; i < rounds; i++) {
      if ((i & 15) === 0) {
        out.cut(0)
        plainOut.length = 0
      }
      write(values[i % values.length])
    }
    return out.length + plainOut.length
  }
}

const ids = Array.from({ length: 16 }, () => (Math.random() * 2 ** 32) | 0)
const hex = (id) => (id >>> 0).toString(16).padStart(8, '0')
const position = out.chunk(Buffer.alloc(64))

export const bytes = {
  'texts up to 40 characters byte by byte (bytes.ts)': {
    trick: writing(words, (text) => out.text(text)),
    plain: writing(words, (text) => plainOut.text(text)),
  },
  'JSON texts without an escape byte by byte (bytes.ts)': {
    trick: writing(paths, (text) => out.json(text)),
    plain: writing(paths, (text) => plainOut.text(JSON.stringify(text))),
  },
  'chunks up to 16 bytes in a loop (bytes.ts)': {
    trick: writing(chunks, (chunk) => out.chunk(chunk)),
    plain: writing(chunks, (chunk) => plainOut.chunk(chunk)),
  },
  'integers two digits at a time (bytes.ts)': {
    trick: writing(numbers, (number) => out.integer(number)),
    plain: writing(numbers, (number) => plainOut.text(String(number))),
  },
  'ids as hexadecimal digits by arithmetic (bytes.ts)': {
    trick: writing(ids, (id) => out.hex64At(position, id, id)),
    plain: writing(ids, (id) => memory.write(hex(id) + hex(id), 0, 'latin1')),
  },
}
