import { isOpaque, plain } from './plain.ts'
import { isSecret } from './secretNames.ts'
import { censored, withoutSecretText } from './secretText.ts'

/** A line shows at most this many objects, this deep: more is no line of a log, and takes time. */
const maxObjects = 1000
const maxDepth = 10

/**
 * The same value without what is secret by its name, at any depth: `authorization`, `cookie`, `password`, `token`,
 * `secret` and names that end like them (`access_token`, `passwordHash`, `x-api-key`); as fields, in lists of headers, in
 * pairs of a name and a value; also the passwords of URLs in texts.
 *
 * What has no secret is given back as it is, not copied.
 */
export function withoutSecrets<Value>(value: Value): Value {
  return (typeof value === 'string' ? withoutSecretText(value) : new Walk().clean(value)) as Value
}

class Walk {
  readonly #path: object[] = []
  #objects = 0

  clean(value: unknown): unknown {
    if (typeof value === 'string') return withoutSecretText(value)
    if (typeof value !== 'object' || value === null) return value
    if (this.#path.includes(value)) return '[circular]'
    if (++this.#objects > maxObjects || this.#path.length >= maxDepth) return '[truncated]'
    this.#path.push(value)
    try {
      return isOpaque(value) ? value : this.#members(plain(value))
    } catch {
      return unreadable // a `toJSON` that throws, a proxy that is revoked
    } finally {
      this.#path.pop()
    }
  }

  #members(value: unknown): unknown {
    if (typeof value === 'string') return withoutSecretText(value)
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
      const cleaned = isSecret(name) || isValueOfSecret(fields, name) ? this.#censor(name, value) : this.clean(value)
      if (cleaned !== value || value === unreadable) (copy ??= copyOf(fields))[name] = cleaned
    }
    return copy ?? fields
  }

  /** A session is an object with fields of its own, or the secret that it is found by. */
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

/** Like a spread, past getters that throw. */
function copyOf(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, read(fields, name)]))
}

/** That there is none may be known, also how many there are (`tokens: 512`). */
function censor(name: string, value: unknown): unknown {
  const harmless = value === undefined || value === null || typeof value === 'boolean' || typeof value === 'function'
  return harmless || (typeof value === 'number' && name.endsWith('s')) ? value : censored
}

/** Of lists in which names and values take turns, as Node's `rawHeaders` and `Object.entries`; undici has bytes. */
function nameOf(item: unknown): string | undefined {
  if (typeof item === 'string') return item
  return item instanceof Uint8Array && item.length < 128 ? Buffer.from(item).toString('latin1') : undefined
}

/** `{ name: 'authorization', value: '…' }`, as HAR and many logs of requests have it. */
function isValueOfSecret(fields: object, name: string): boolean {
  if (name !== 'value') return false
  const title = read(fields, 'name') ?? read(fields, 'key')
  return typeof title === 'string' && isSecret(title)
}
