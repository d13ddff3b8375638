/**
 * Ids as 32-bit integers: V8 keeps them unboxed, and their text is needed only outside of the process.
 * A trace's id has four of them, a span's two.
 */

/** A source of random 32-bit integers. */
export type Random32 = () => number

/** V8's own generator, seeded by the system: ids must be unique, but need not be secret. */
export const random32: Random32 = () => (Math.random() * 0x1_0000_0000) | 0

/** Formats a span's id as 16 hexadecimal digits. */
export function spanIdText(id0: number, id1: number): string {
  write32(id0, 0)
  write32(id1, 4)
  return digits.toString('latin1', 0, 16)
}

/** Formats a trace's id as 32 hexadecimal digits. */
export function traceIdText(id0: number, id1: number, id2: number, id3: number): string {
  write32(id0, 0)
  write32(id1, 4)
  write32(id2, 8)
  write32(id3, 12)
  return digits.toString('latin1', 0, 32)
}

/** Returns a random id of 32 hexadecimal digits. */
export function randomId(): string {
  if (nextId === someIds.length) {
    for (let at = 0; at < pairs.length; at += 4) write32(random32(), at)
    someIds = digits.toString('latin1')
    nextId = 0
  }
  return someIds.slice(nextId, (nextId += 32))
}

// A slice of a text is cheaper than a text from memory, which needs a call out of JavaScript.
const idsAtOnce = 64
let someIds = ''
let nextId = 0

// Writes two digits at a time into memory and makes one string: half the time of joining small ones.
const pairs = new Uint16Array(16 * idsAtOnce)
const digits = Buffer.from(pairs.buffer)
const allPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join('')
const pairOf = new Uint16Array(Uint8Array.from(Buffer.from(allPairs)).buffer)

function write32(value: number, at: number): void {
  pairs[at] = pairOf[value >>> 24]!
  pairs[at + 1] = pairOf[(value >>> 16) & 0xff]!
  pairs[at + 2] = pairOf[(value >>> 8) & 0xff]!
  pairs[at + 3] = pairOf[value & 0xff]!
}

/** Whether all characters from `start` to `end` are lower-case hexadecimal digits, as every format requires. */
export function isHex(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 128 || digitOf[code]! < 0) return false
  }
  return end <= text.length
}

/** Returns the value of one digit. */
export function digitAt(text: string, at: number): number {
  return digitOf[text.charCodeAt(at)]!
}

/** Returns the 32 bits of eight digits that `isHex` has checked. */
export function parseHex32(text: string, start: number): number {
  let value = 0
  for (let i = start; i < start + 8; i++) value = (value << 4) | digitAt(text, i)
  return value
}

const digitOf = new Int8Array(128).fill(-1)
for (const [value, digit] of Array.from('0123456789abcdef').entries()) digitOf[digit.charCodeAt(0)] = value
