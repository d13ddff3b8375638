/**
 * Ids as 32-bit integers: V8 keeps them unboxed, and nobody needs their text before they leave the process.
 * A trace's id is four of them, a span's two.
 */

/** A source of random 32-bit integers. */
export type Random32 = () => number

/** V8's own generator, seeded from the system: ids must not collide, they need not be secret. */
export const random32: Random32 = () => (Math.random() * 0x1_0000_0000) | 0

/** Eight hexadecimal digits. */
export function hex32(value: number): string {
  return (
    byteText[value >>> 24]! +
    byteText[(value >>> 16) & 0xff]! +
    byteText[(value >>> 8) & 0xff]! +
    byteText[value & 0xff]!
  )
}

/** Whether all characters from `start` to `end` are lower-case hexadecimal digits, as every format demands. */
export function isHex(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 128 || digitOf[code]! < 0) return false
  }
  return end <= text.length
}

/** The value of one digit. */
export function digitAt(text: string, at: number): number {
  return digitOf[text.charCodeAt(at)]!
}

/** The 32 bits that eight digits stand for; `isHex` has looked at them. */
export function parseHex32(text: string, start: number): number {
  let value = 0
  for (let i = start; i < start + 8; i++) value = (value << 4) | digitAt(text, i)
  return value
}

const byteText: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const digitOf = new Int8Array(128).fill(-1)
for (const [value, digit] of Array.from('0123456789abcdef').entries()) digitOf[digit.charCodeAt(0)] = value
