import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A secret with a prefix by which scanners and people recognize it. */
const prefix = 'tck_'
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Digits of 256 bits. */
const secretLength = 43
/** Digits of 32 bits. */
const checksumLength = 6
const form = new RegExp(`^${prefix}[0-9A-Za-z]{${secretLength + checksumLength}}$`)

/** Returns a new API key: 256 random bits and a checksum, in letters and digits that one click selects. */
export function newKey(random: Buffer = randomBytes(32)): string {
  const secret = base62(BigInt(`0x${random.toString('hex')}`), secretLength)
  return prefix + secret + checksumOf(secret)
}

/** Whether a text can be an API key: typing errors and random texts cost no statement. */
export function isKey(text: string): boolean {
  if (!form.test(text)) return false
  const secret = text.slice(prefix.length, -checksumLength)
  return text.endsWith(checksumOf(secret))
}

/** Returns what is stored of a key. It has 256 random bits, so a slow hash would add nothing. */
export function keyDigest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Returns the last characters of a key, by which its owner recognizes it. */
export function endingOf(key: string): string {
  return key.slice(-4)
}

function checksumOf(secret: string): string {
  return base62(BigInt(crc32(secret)), checksumLength)
}

function base62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)]! + text
  return text
}
