import { internals } from '../internals.mjs'

const { objectDecoder } = await internals('sql/wire/decoder.ts')

// writeText and writeInt32 of sql/wire/output.ts, which exports neither
const shortText = 24
function writeText(to, at, text) {
  const { length } = text
  if (length > shortText) return to.write(text, at, 'utf8')
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return to.write(text, at, 'utf8')
    to[at + i] = code
  }
  return length
}
function writeInt32(to, at, value) {
  to[at] = value >>> 24
  to[at + 1] = value >>> 16
  to[at + 2] = value >>> 8
  to[at + 3] = value
}

const to = Buffer.allocUnsafeSlow(256)
const texts = ['42', 'Ada', 'ada@example.com', '4711', 'open', '2026-11-26', 't12']

const columns = ['id', 'name', 'email', 'city', 'created_at'].map((name) => ({ name, type: 25 }))
const text = (from, start, end) => from.latin1Slice(start, end)
const row = rowOf('42', 'Ada', 'ada@example.com', 'London', '2026-11-26 23:34:09')
const compiled = objectDecoder(columns, () => text)
const names = columns.map(({ name }) => name)
const decoders = columns.map(() => text)

function rowOf(...values) {
  const parts = values.flatMap((value) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value.length)
    return [length, Buffer.from(value)]
  })
  return Buffer.concat([Buffer.from([0, values.length]), ...parts])
}

/** A row without compiled code. */
function decode(from, start) {
  const values = {}
  let at = start + 2
  for (let i = 0; i < names.length; i++) {
    const length = from.readInt32BE(at)
    at += 4
    values[names[i]] = length < 0 ? null : decoders[i](from, at, (at += length))
  }
  return values
}

// timestamptz of sql/values/decoders.ts, without its branch for other time zones
const stamps = Buffer.from('2026-11-26 23:34:09.123456+00'.repeat(2))
function inPlace(from, start, end) {
  const isUtc = end >= start + 13 && from[end - 3] === 0x2b && from[end - 2] === 0x30 && from[end - 1] === 0x30
  if (!isUtc) return undefined
  from[start + 10] = 0x54
  from[end - 3] = 0x5a
  const text = from.toString('latin1', start, end - 2)
  from[start + 10] = 0x20
  from[end - 3] = 0x2b // as it arrives: only this bench reads it again
  return text
}
const replaced = (from, start, end) => from.toString('latin1', start, end).replace(' ', 'T').replace(/\+00$/, 'Z')

function repeated(run) {
  return (rounds) => {
    let last
    for (let i = 0; i < rounds; i++) last = run(i)
    return last
  }
}

export const sql = {
  'parameters up to 24 characters byte by byte (output.ts)': {
    trick: repeated((i) => writeText(to, 0, texts[i % texts.length])),
    plain: repeated((i) => to.write(texts[i % texts.length], 0, 'utf8')),
  },
  'lengths as four bytes (output.ts)': {
    trick: repeated((i) => writeInt32(to, i & 127, i)),
    plain: repeated((i) => to.writeInt32BE(i, i & 127)),
  },
  'ISO 8601 made of a timestamp in its bytes (decoders.ts)': {
    trick: repeated((i) => inPlace(stamps, (i & 1) * 29, (i & 1) * 29 + 29)),
    plain: repeated((i) => replaced(stamps, (i & 1) * 29, (i & 1) * 29 + 29)),
  },
  'rows by compiled object literals (decoder.ts)': {
    trick: repeated(() => compiled(row, 0)),
    plain: repeated(() => decode(row, 0)),
  },
}
