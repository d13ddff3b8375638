/** Functions that compiled writers call. They accept any value and write only JSON. */

/** Returns a value as JSON sees it: objects may convert themselves by `toJSON`, like dates. */
export function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { toJSON } = value as { toJSON?: unknown }
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value
}

/** Works like `plain`, for `format: 'date'`: a `Date` becomes its local day. */
export function plainDay(value: unknown): unknown {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return plain(value)
  return new Date(value.getTime() - value.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

/** As `plain`, for a timestamp without time zone: Drizzle reads it as UTC. */
export function plainLocal(value: unknown): unknown {
  const text = plain(value)
  return value instanceof Date && typeof text === 'string' ? text.slice(0, -1) : text
}

/** Whether a value is an object for JSON: a literal, a row or an instance, but no `Map`, stream or promise. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === Object.prototype || prototype === null || isRecordClass(prototype, value)
}

/** A cache: classes are few, and checked with each of their instances. */
const known = new WeakMap<object, boolean>()

function isRecordClass(prototype: object, value: object): boolean {
  let isOne = known.get(prototype)
  if (isOne === undefined) {
    const isActive = ['pipe', 'then', 'next'].some((method) => method in prototype)
    isOne = !isActive && Object.prototype.toString.call(value) === '[object Object]'
    known.set(prototype, isOne)
  }
  return isOne
}

/** Serialises a text. For short ones, checking each character is faster than calling `JSON.stringify`. */
export function quote(text: string): string {
  const { length } = text
  if (length > 40) return length < 5000 && !mustBeEscaped.test(text) ? `"${text}"` : JSON.stringify(text)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff)) return JSON.stringify(text)
  }
  return `"${text}"`
}

// oxlint-disable-next-line no-control-regex -- RFC 8259, 7; and halves of surrogate pairs
const mustBeEscaped = /[\u0000-\u001f"\\\ud800-\udfff]/

/** Serialises any JSON value; returns undefined when something in it would be lost or changed. */
export function writeAny(value: unknown): string | undefined {
  return isJson(value) ? JSON.stringify(value) : undefined
}

/** Whether a complete value is JSON. It allocates nothing, because it checks every value. */
function isJson(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'object' && isJsonInside(value)
}

function isJsonInside(value: object): boolean {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return isJson(plain(value))
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isJson(value[i])) return false
    return true
  }
  if (value.constructor !== Object && !isRecord(value)) return false
  const fields = value as Record<string, unknown>
  for (const name in fields) {
    const inner = fields[name]
    if (inner === undefined || isJson(inner)) continue // undefined fields are left out
    if (Object.hasOwn(fields, name)) return false
  }
  return true
}

/** The place in a value that refers to an object around it. */
export interface Cycle {
  /** Names and indexes, the innermost last. */
  readonly path: readonly string[]
  /** The path of the object that it refers to; empty for the value itself. */
  readonly to: readonly string[]
}

/** Finds the first reference of a value to an object that contains it; undefined when there is none. */
export function cycleAt(value: unknown): Cycle | undefined {
  const path: string[] = []
  const around: unknown[] = []
  return inside(value)

  function inside(one: unknown): Cycle | undefined {
    if (typeof one !== 'object' || one === null) return undefined
    const depth = around.indexOf(one)
    if (depth >= 0) return { path, to: path.slice(0, depth) }
    around.push(one)
    for (const [name, inner] of Object.entries(one)) {
      path.push(name)
      const found = inside(inner)
      if (found) return found
      path.pop()
    }
    around.pop()
    return undefined
  }
}

/** The first place in a value that is not JSON, and the value there. */
export interface NotJson {
  /** Names and indexes, the innermost last. */
  readonly path: string[]
  readonly what: string
}

/** Finds that place; undefined when the value is JSON. */
export function notJsonAt(value: unknown): NotJson | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { path: [], what: String(value) }
    case 'object':
      return value === null ? undefined : notJsonInside(value)
    default:
      return { path: [], what: typeof value }
  }
}

function notJsonInside(value: object): NotJson | undefined {
  const seen = plain(value)
  if (seen !== value) return notJsonAt(seen)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = notJsonAt(value[i])
      if (found) return within(String(i), found)
    }
    return undefined
  }
  if (!isRecord(value)) return { path: [], what: value.constructor?.name ?? 'object' }
  for (const name of Object.keys(value)) {
    const inner = value[name]
    const found = inner === undefined ? undefined : notJsonAt(inner) // undefined fields are left out
    if (found) return within(name, found)
  }
  return undefined
}

function within(name: string, found: NotJson): NotJson {
  found.path.unshift(name)
  return found
}

/** A timestamp in PostgreSQL's form, `2026-01-31 10:00:00.5+00`, in that of ISO 8601; any other text as it is. */
export function isoTime(text: string): string {
  return text.replace(postgresTime, (_, day: string, time: string, sign = '', hours = '', minutes = '00') => {
    if (sign === '') return `${day}T${time}`
    return `${day}T${time}${hours === '00' && minutes === '00' ? 'Z' : `${sign}${hours}:${minutes}`}`
  })
}

const postgresTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:([+-])(\d\d)(?::(\d\d))?)?$/

/** Converts objects and lists to what their reader will see, which is then checked. */
export function asRead(value: unknown): unknown {
  const text = JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner))
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
