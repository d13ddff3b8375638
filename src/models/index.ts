/** Turns Drizzle tables into the schemas of operations. */
export type { Keywords, Overrides } from '../schema/models/overrides.ts'
export {
  insertSchema,
  selectSchema,
  updateSchema,
  type InsertProperties,
  type SelectProperties,
  type UpdateProperties,
} from '../schema/models/schema.ts'
export type { WireSchema } from '../schema/models/wire.ts'
