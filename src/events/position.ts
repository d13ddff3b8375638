import { BadRequest } from '../contract/errors.ts'
import type { Position } from './log.ts'

/** How far each store of a publisher has been read: the database that is no shard has an empty name. */
export type Positions = ReadonlyMap<string, Position>

/** As text that a subscriber keeps and gives back. */
export function positionText(positions: Positions): string {
  return [...positions]
    .map(([store, { from, to, row }]) => `${encodeURIComponent(store)}:${from}.${to}.${row}`)
    .join(',')
}

/** @throws {BadRequest} when it is no text that `positionText` has made */
export function parsePositions(text: string): Positions {
  const parts = text.split(',').map((part): [string, Position] => {
    const [, store, from, to, row] = /^([\w%.~-]*):(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(part) ?? []
    if (store === undefined)
      throw new BadRequest(`a position is a text that the feed has given, not ${JSON.stringify(text.slice(0, 60))}`)
    return [decodeURIComponent(store), { from: Number(from), to: Number(to), row: Number(row) }]
  })
  return new Map(parts)
}
