/** What is stored of texts from outside: cut to a length, and without secrets. */
import { withoutSecretText } from '../../log/secretText.ts'
import { isSecret } from '../../log/secretNames.ts'
import type { StoredEvent } from '../model/span.ts'

/** Characters of an attribute's value. */
const longestValue = 4096
/** Statements are worth more. */
const longestStatement = 16_384
const longestName = 256
const mostAttributes = 128
export const mostEvents = 64
export const mostLinks = 16

/** Cuts a name. */
export function nameOf(text: unknown): string {
  return shared(cut(typeof text === 'string' ? text : '', longestName))
}

/** Cuts a value and removes secrets from it. */
export function valueOf(text: string, longest: number = longestValue): string {
  // The rest is not searched for secrets: that would take long, and it is not stored.
  return withoutSecretText(cut(text, longest))
}

/** Cuts attributes, and hides those that are named like a secret. */
export function attributesOf(entries: Iterable<readonly [string, unknown]>): Record<string, string> {
  const attributes: [string, string][] = []
  for (const [key, value] of entries) {
    if (attributes.length >= mostAttributes) break
    const name = nameOf(key)
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
    attributes.push([name, isSecret(name) ? '[redacted]' : shared(valueOf(text, longestOf(name)))])
  }
  return Object.fromEntries(attributes) // unlike an assignment, it takes `__proto__` as a name
}

function longestOf(name: string): number {
  return ['db.query.text', 'db.statement', 'exception.stacktrace'].includes(name) ? longestStatement : longestValue
}

/** Spans repeat the same names and statements: one string for all of them takes a third of the memory. */
function shared(text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= mostTexts) texts.clear()
  texts.set(text, text)
  return text
}

const texts = new Map<string, string>()
const mostTexts = 10_000

/** Returns an event, with its attributes as text. */
export function eventOf(atMs: number, name: unknown, text: string): StoredEvent {
  return { atMs, name: nameOf(name), ...(text !== '' && { text: valueOf(text) }) }
}

/** Returns text that says how much of it is missing. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length.toLocaleString('en')} characters)`
}
