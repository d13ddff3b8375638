import { stdSerializers } from 'pino'

/** What is written in the place of a secret. */
const censored = '[redacted]'
/** A line shows at most this many objects, this deep: more is no line of a log, and takes time. */
const maxObjects = 1000
const maxDepth = 10

/**
 * The same fields without what is secret by its name, at any depth: `authorization`, `cookie`, `set-cookie`, `password`,
 * `token`, `secret`, and names that end in one of these (`access_token`, `newPassword`, `x-api-key`).
 *
 * What has no secret is given back as it is, not copied.
 */
export function withoutSecrets<Value>(value: Value): Value {
  return new Walk().clean(value) as Value
}

/** Whether what has this name is never logged. */
export function isSecret(name: string): boolean {
  let secret = known.get(name)
  if (secret === undefined) {
    secret = secretName.test(name)
    if (known.size < maxKnown) known.set(name, secret)
  }
  return secret
}

const secretName =
  /(?:authorization|cookies?|passwords?|passwd|passphrase|tokens?|secrets?|api[-_]?key|private[-_]?key)$/i
/** What has been found out of names, as there are few of them in a program and many lines. */
const known = new Map<string, boolean>()
const maxKnown = 10_000

class Walk {
  readonly #path: object[] = []
  #objects = 0

  clean(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || isOpaque(value)) return value
    if (this.#path.includes(value)) return '[circular]'
    if (++this.#objects > maxObjects || this.#path.length >= maxDepth) return '[truncated]'
    this.#path.push(value)
    try {
      return this.#members(plain(value))
    } catch {
      return '[unreadable]' // a getter that throws
    } finally {
      this.#path.pop()
    }
  }

  #members(value: unknown): unknown {
    if (Array.isArray(value)) return this.#items(value)
    return typeof value === 'object' && value !== null ? this.#fields(value) : value
  }

  #items(items: readonly unknown[]): unknown {
    let copy: unknown[] | undefined
    for (const [i, item] of items.entries()) {
      const cleaned = this.clean(item)
      if (cleaned !== item) (copy ??= [...items])[i] = cleaned
    }
    return copy ?? items
  }

  #fields(fields: object): unknown {
    let copy: Record<string, unknown> | undefined
    for (const name of Object.keys(fields)) {
      const value = (fields as Record<string, unknown>)[name]
      const cleaned = isSecret(name) ? censor(name, value) : this.clean(value)
      if (cleaned !== value) (copy ??= { ...fields } as Record<string, unknown>)[name] = cleaned
    }
    return copy ?? fields
  }
}

/** That there is none may be known, also how many there are (`tokens: 512`). */
function censor(name: string, value: unknown): unknown {
  const harmless = value === undefined || value === null || typeof value === 'boolean' || typeof value === 'function'
  return harmless || (typeof value === 'number' && name.endsWith('s')) ? value : censored
}

/** What has no fields to look at. */
function isOpaque(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value)
}

/** What a line shows of an object: of an error its class, message and stack with those of its causes. */
function plain(value: object): unknown {
  if (value instanceof Error) return stdSerializers.err(value)
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON as () => unknown)() : value
}
