import { createRequire } from 'node:module'
import type { PgRemoteDatabase } from 'drizzle-orm/pg-proxy'
import { preparedOf } from './prepared.ts'
import type { Shape } from './scope.ts'
import type { Tags } from './tags.ts'
import { codecs, Types } from './types.ts'

/** Drizzle's query builder; its transactions are tricube's: use `tx.drizzle` in `db.transaction`. */
export type Drizzle = PgRemoteDatabase

// Drizzle's columns read dates and times themselves, from PostgreSQL's own text.
const types = new Types({ date: codecs.text, timestamp: codecs.text, timestamptz: codecs.text, interval: codecs.text })
const rows: Shape = { form: 'array', decoderOf: types.decoderOf, result: (found) => ({ rows: found }) }

// Loaded when first wanted: it takes longer than all the rest of tricube/sql.
const require = createRequire(import.meta.url)
let drizzle: typeof import('drizzle-orm/pg-proxy').drizzle | undefined
const builders = new WeakMap<Tags, Drizzle>()

/** Drizzle's query builder over what runs statements. */
export function drizzleOver(on: Tags): Drizzle {
  let builder = builders.get(on)
  if (!builder) {
    drizzle ??= (require('drizzle-orm/pg-proxy') as typeof import('drizzle-orm/pg-proxy')).drizzle
    builder = drizzle((text, values) => on.run({ prepared: preparedOf(text), values }, rows))
    builders.set(on, builder)
  }
  return builder
}
