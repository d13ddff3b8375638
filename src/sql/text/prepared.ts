/** A statement's text with all that follows from it, worked out once. */
import { createHash } from 'node:crypto'
import { type Classification, classify } from './classify.ts'
import type { Remains } from './remains.ts'
import { assertTemplate, Fragment, Rendering } from './fragment.ts'
import { type Above, notePlace } from '../errors/place.ts'

/** A text that connections prepare under one name. */
export class Prepared {
  readonly text: string
  /** Its name on every connection, made from its text: whoever shares a server connection means the same by it. */
  readonly name: string
  readonly verb: string
  /** See `Classification.reads`; false from then on when a server says that it writes. */
  reads: boolean
  readonly session: boolean
  readonly remains: Remains | undefined
  /** Whether it may run behind others in one transaction, which VACUUM and its like refuse. */
  readonly isPlain: boolean
  /** Whether what it leaves in its session has been looked at, or need not be. */
  isChecked: boolean
  /** How often it was sent over a lane. */
  runs = 0
  #heldUp = 0
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

  /** Whether it is to be kept off the lanes, because too many of its runs have held one up. */
  get isSlow(): boolean {
    return this.#slowUntil > 0 && this.#slowUntil > performance.now()
  }

  /** A run of it has held up a lane. After a while it is given another chance. */
  hasHeldUp(now: number): void {
    this.#heldUp++
    if (this.#heldUp / this.runs < slowShare) return
    this.#slowUntil = now + keptOffMs
    this.runs = this.#heldUp = 0
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

// A share, since any statement is slow once in a while, on a machine that is busy.
const slowShare = 0.1
const keptOffMs = 10_000

// 132 bits of SHA-256: short enough to be sent with each run, too many for two texts ever to meet.
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** A prepared text and the values for one run of it. */
export interface BoundStatement {
  readonly prepared: Prepared
  readonly values: readonly unknown[]
  /** The template that it is of; undefined for a text. */
  readonly strings?: TemplateStringsArray
}

/**
 * What a template literal stands for; the caller of `above` is who has written it. Throws a TypeError for anything that is
 * none.
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

// Texts by their own content: composed ones are equal without being the same template. The oldest is forgotten, so
// that texts built of ever new pieces cannot fill the memory.
const texts = new Map<string, Prepared>()
const mostTexts = 2000

/** The one `Prepared` of a text. */
export function preparedOf(text: string): Prepared {
  const known = texts.get(text)
  if (known) {
    texts.delete(text)
    texts.set(text, known)
    return known
  }
  const prepared = new Prepared(text)
  texts.set(text, prepared)
  if (texts.size > mostTexts) texts.delete(texts.keys().next().value!)
  return prepared
}
