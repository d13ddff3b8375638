import { noSecrets, type KnownSecrets } from './knownSecrets.ts'
import { isOpaque, plain } from './plain.ts'
import { isSecret } from './secretNames.ts'
import { censored, withoutSecretText } from './secretText.ts'

/** The most objects and levels of a line: more is not useful in a log, and takes time. */
const maxObjects = 1000
const maxDepth = 10

/**
 * Replaces secrets at any depth, by their names: `authorization`, `cookie`, `password`, `token`, `secret`, and names that
 * end like them (`access_token`, `passwordHash`, `x-api-key`). It looks at fields, header lists and name-value pairs.
 * Passwords of URLs in texts are replaced, too, and so are the secrets that are known by their values.
 *
 * A value without secrets is returned as it is, not copied.
 */
export function withoutSecrets<Value>(value: Value, known: KnownSecrets = noSecrets): Value {
  return (typeof value === 'string' ? cleanText(value, known) : new Walk(known).clean(value)) as Value
}

function cleanText(text: string, { texts }: KnownSecrets): string {
  let clean = text
  for (const secret of texts) if (clean.includes(secret)) clean = clean.replaceAll(secret, censored)
  return withoutSecretText(clean)
}

class Walk {
  readonly #path: object[] = []
  readonly #known: KnownSecrets
  #objects = 0

  constructor(known: KnownSecrets) {
    this.#known = known
  }

  clean(value: unknown): unknown {
    if (typeof value === 'string') return cleanText(value, this.#known)
    if (typeof value !== 'object' || value === null) return value
    if (this.#path.includes(value)) return '[circular]'
    if (++this.#objects > maxObjects || this.#path.length >= maxDepth) return '[truncated]'
    this.#path.push(value)
    try {
      return isOpaque(value) ? value : this.#members(plain(value))
    } catch {
      return unreadable // a `toJSON` that throws, or a revoked proxy
    } finally {
      this.#path.pop()
    }
  }

  #members(value: unknown): unknown {
    if (typeof value === 'string') return cleanText(value, this.#known)
    if (Array.isArray(value)) return this.#items(value)
    return typeof value === 'object' && value !== null ? this.#fields(value) : value
  }

  #items(items: readonly unknown[]): unknown {
    const isPaired = items.length % 2 === 0
    let copy: unknown[] | undefined
    for (const [i, item] of items.entries()) {
      const name = isPaired && i % 2 === 1 ? nameOf(items[i - 1]) : undefined
      const cleaned = name !== undefined && isSecret(name) ? censor(name, item) : this.clean(item)
      if (cleaned !== item) (copy ??= [...items])[i] = cleaned
    }
    return copy ?? items
  }

  #fields(fields: object): unknown {
    let copy: Record<string, unknown> | undefined
    for (const name of Object.keys(fields)) {
      const value = read(fields, name)
      const cleaned = this.#field(fields, name, value)
      if (cleaned !== value || value === unreadable) (copy ??= copyOf(fields))[name] = cleaned
    }
    return copy ?? fields
  }

  #field(fields: object, name: string, value: unknown): unknown {
    const { byName } = this.#known
    if (byName.size > 0 && byName.has(name) && byName.get(name) === value) return censored
    return isSecret(name) || isValueOfSecret(fields, name) ? this.#censor(name, value) : this.clean(value)
  }

  /** A session is an object with fields of its own, or the secret that identifies it. */
  #censor(name: string, value: unknown): unknown {
    const isOfParts = /session$/i.test(name) && typeof value === 'object'
    return isOfParts ? this.clean(value) : censor(name, value)
  }
}

const unreadable = '[unreadable]'

function read(fields: object, name: string): unknown {
  try {
    return (fields as Record<string, unknown>)[name]
  } catch {
    return unreadable // a getter that throws
  }
}

/** Copies like a spread, but survives getters that throw. */
function copyOf(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, read(fields, name)]))
}

/** It is no secret that a value is missing, or how many tokens there are (`tokens: 512`). */
function censor(name: string, value: unknown): unknown {
  const harmless = value === undefined || value === null || typeof value === 'boolean' || typeof value === 'function'
  return harmless || (typeof value === 'number' && name.endsWith('s')) ? value : censored
}

/** Reads names from flat lists of names and values, such as Node's `rawHeaders`, and from entries; undici uses bytes. */
function nameOf(item: unknown): string | undefined {
  if (typeof item === 'string') return item
  return item instanceof Uint8Array && item.length < 128 ? Buffer.from(item).toString('latin1') : undefined
}

/** Whether an object is a pair such as `{ name: 'authorization', value: '…' }`, as in HAR. */
function isValueOfSecret(fields: object, name: string): boolean {
  if (name !== 'value') return false
  const title = read(fields, 'name') ?? read(fields, 'key')
  return typeof title === 'string' && isSecret(title)
}
