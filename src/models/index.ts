/** Models: Drizzle tables as the schemas of operations. */
export type { Keywords, Overrides } from './overrides.ts'
export {
  insertSchema,
  selectSchema,
  updateSchema,
  type InsertProperties,
  type SelectProperties,
  type UpdateProperties,
} from './schema.ts'
export type { WireSchema } from './wire.ts'
