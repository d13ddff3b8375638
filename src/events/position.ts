import { BadRequest } from '../contract/errors.ts'
import type { Position } from './log.ts'

/** A position in the log of each shard of a publisher. The database outside of the shards has an empty name. */
export type Positions = ReadonlyMap<string, Position>

/** Formats positions as the text that a subscriber stores. */
export function positionText(positions: Positions): string {
  return [...positions]
    .map(([store, { from, to, row }]) => `${encodeURIComponent(store)}:${from}.${to}.${row}`)
    .join(',')
}

/** @throws {BadRequest} when the text is not one of `positionText` */
export function parsePositions(text: string): Positions {
  const parts = text.split(',').map((part): [string, Position] => {
    const [, store, from, to, row] = /^([\w%.~-]*):(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(part) ?? []
    if (store === undefined)
      throw new BadRequest(
        `after: expected a position that the feed has returned, got ${JSON.stringify(text.slice(0, 60))}`,
      )
    return [decodeURIComponent(store), { from: Number(from), to: Number(to), row: Number(row) }]
  })
  return new Map(parts)
}
