import type { Room } from '../../tables/room.ts'
import type { Definition } from '../definition/definition.ts'
import type { AnyPart } from './openParts.ts'
import * as parts from '../parts.ts'

/** Returns the tables of tricube's own that a service needs in its database. Most need none. */
export function roomsOf(definition: Definition): readonly Room[] {
  return Object.values<AnyPart>({ ...parts }).flatMap((part) => {
    const { name, tables: versions } = part
    const isNeeded = versions !== undefined && (part.needsTables?.(definition) ?? true)
    return isNeeded ? [{ name, versions }] : []
  })
}
