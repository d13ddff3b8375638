/** The text of a statement with everything derived from it, computed once. */
import { createHash } from 'node:crypto'
import { type Classification, classify } from './classify.ts'
import type { Remains } from './remains.ts'
import { assertTemplate, Fragment, Rendering } from './fragment.ts'
import { type Above, notePlace } from '../errors/place.ts'

/** A statement text, prepared under one name on all connections. */
export class Prepared {
  readonly text: string
  /** Its name on all connections, derived from the text: users of one server connection agree on its meaning. */
  readonly name: string
  readonly verb: string
  /** See `Classification.reads`. Becomes false when a server reports that it writes. */
  reads: boolean
  readonly session: boolean
  readonly remains: Remains | undefined
  /** Whether it may follow other statements in one implicit transaction. VACUUM, for example, may not. */
  readonly isPlain: boolean
  /** Whether its effects on the session have been checked, or need no check. */
  isChecked: boolean
  /** How often it was sent over a lane. */
  runs = 0
  #blocked = 0
  #slowUntil = 0

  constructor(text: string) {
    const known: Classification = classify(text)
    this.text = text
    this.name = nameOf(text)
    this.verb = known.verb
    this.reads = known.reads
    this.session = known.session
    this.remains = known.remains
    this.isChecked = known.reads || known.session
    this.isPlain = plainVerbs.has(known.verb)
  }

  /** Whether it stays off the lanes for now, because too many of its runs have blocked one. */
  get isSlow(): boolean {
    return this.#slowUntil > 0 && this.#slowUntil > performance.now()
  }

  /** Records a run that blocked a lane. After too many the statement stays off the lanes for a while. */
  hasBlocked(now: number): void {
    this.#blocked++
    if (this.#blocked / this.runs < slowShare) return
    this.#slowUntil = now + slowMs
    this.runs = this.#blocked = 0
  }
}

const plainVerbs: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'WITH',
  'VALUES',
  'TABLE',
])

// A share, because any statement may be slow once in a while on a busy machine.
const slowShare = 0.1
const slowMs = 10_000

// 132 bits of SHA-256: short enough to send with each run, and long enough that two texts never collide.
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** A prepared text and the values of one run. */
export interface BoundStatement {
  readonly prepared: Prepared
  readonly values: readonly unknown[]
  /** The template that it comes from; undefined for a plain text. */
  readonly strings?: TemplateStringsArray
}

/**
 * Turns a template literal into a statement. The caller of `above` is the place of the template.
 *
 * @throws {TypeError} unless it is a template literal
 */
export function bind(strings: TemplateStringsArray, values: readonly unknown[], above?: Above): BoundStatement {
  for (const value of values) if (value instanceof Fragment) return composed(strings, values, above)
  return { prepared: templates.get(strings) ?? remember(strings, above), values, strings }
}

const templates = new WeakMap<TemplateStringsArray, Prepared>()

function remember(strings: TemplateStringsArray, above: Above | undefined): Prepared {
  assertTemplate(strings)
  if (above) notePlace(strings, above)
  const text = strings.reduce((before, after, i) => `${before}$${i}${after}`)
  const prepared = preparedOf(text)
  templates.set(strings, prepared)
  return prepared
}

function composed(strings: TemplateStringsArray, values: readonly unknown[], above: Above | undefined): BoundStatement {
  assertTemplate(strings)
  if (above) notePlace(strings, above)
  const rendering = new Rendering()
  rendering.template(strings, values)
  return { prepared: preparedOf(rendering.text), values: rendering.values, strings }
}

// By text: composed statements are equal without being the same template. The oldest entry is evicted, so that texts
// built from ever new pieces cannot fill the memory.
const texts = new Map<string, Prepared>()
const maxTexts = 2000

/** Returns the one `Prepared` of a text. */
export function preparedOf(text: string): Prepared {
  const known = texts.get(text)
  if (known) {
    texts.delete(text)
    texts.set(text, known)
    return known
  }
  const prepared = new Prepared(text)
  texts.set(text, prepared)
  if (texts.size > maxTexts) texts.delete(texts.keys().next().value!)
  return prepared
}
