// Makes a screenshot small: a palette of at most 256 colours, as one of the page needs hardly more.
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const mostColors = 256

/** Returns a PNG of 8 bits a channel as one with a palette. https://www.w3.org/TR/png-3/ */
export function smallPng(png) {
  const { width, height, channels, pixels } = read(png)
  const counts = new Map()
  for (let i = 0; i < pixels.length; i += channels) {
    const color = (pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]
    counts.set(color, (counts.get(color) ?? 0) + 1)
  }
  const palette = paletteOf(counts)
  const nearest = new Map([...counts.keys()].map((color) => [color, nearestOf(color, palette)]))
  const rows = Buffer.alloc(height * (width + 1)) // each row begins with its filter: none
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * channels
      rows[y * (width + 1) + 1 + x] = nearest.get((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2])
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8) // 8 bits, a palette
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** The most frequent colours, none of them nearly the same as another one. */
function paletteOf(counts) {
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).map(([color]) => color)
  if (sorted.length <= mostColors) return sorted
  for (let distance = 12; ; distance += 6) {
    const chosen = []
    for (const color of sorted) {
      if (chosen.length > mostColors) break
      if (chosen.every((other) => distanceOf(color, other) > distance)) chosen.push(color)
    }
    if (chosen.length <= mostColors) return chosen
  }
}

function nearestOf(color, palette) {
  let best = 0
  for (let i = 1; i < palette.length; i++) {
    if (distanceOf(color, palette[i]) < distanceOf(color, palette[best])) best = i
  }
  return best
}

function distanceOf(one, other) {
  return (
    Math.abs((one >> 16) - (other >> 16)) +
    Math.abs(((one >> 8) & 255) - ((other >> 8) & 255)) +
    Math.abs((one & 255) - (other & 255))
  )
}

/** Reads the pixels. https://www.w3.org/TR/png-3/#9Filters */
function read(png) {
  const parts = []
  let header
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    const data = png.subarray(at + 8, at + 8 + length)
    if (type === 'IHDR') header = data
    if (type === 'IDAT') parts.push(data)
    at += 12 + length
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const channels = { 2: 3, 6: 4 }[header[9]]
  if (header[8] !== 8 || channels === undefined) throw new Error('expected a PNG of 8 bits a channel, in colour')
  const stride = width * channels
  const raw = inflateSync(Buffer.concat(parts))
  const pixels = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? pixels[y * stride + x - channels] : 0
      const up = y > 0 ? pixels[(y - 1) * stride + x] : 0
      const corner = x >= channels && y > 0 ? pixels[(y - 1) * stride + x - channels] : 0
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]
      pixels[y * stride + x] = raw[y * (stride + 1) + 1 + x] + predicted
    }
  }
  return { width, height, channels, pixels }
}

function paeth(left, up, corner) {
  const estimate = left + up - corner
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}
