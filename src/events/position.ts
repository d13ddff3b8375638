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

/** The place of an event in the log of its publisher: its row, and the first tick that sees it. */
export interface Place {
  readonly store: string
  readonly tick: number
  readonly row: number
}

/** Returns whether a place comes before these positions. */
export function covers(positions: Positions, { store, tick, row }: Place): boolean {
  const position = positions.get(store)
  if (!position) return false
  return tick <= position.from || (tick <= position.to && row <= position.row)
}

/** Returns the later position of each store. */
export function latest(one: Positions, other: Positions): Positions {
  const all = new Map(one)
  for (const [store, position] of other) {
    const known = all.get(store)
    if (!known || known.from < position.from || (known.from === position.from && known.row < position.row)) {
      all.set(store, position)
    }
  }
  return all
}

/** Formats a place as text. */
export function placeText({ store, tick, row }: Place): string {
  return `${encodeURIComponent(store)}:${tick}.${row}`
}

/** Parses the text of `placeText`. Returns undefined when the text is not one. */
export function parsePlace(text: string): Place | undefined {
  const [, store, tick, row] = /^([\w%.~-]*):(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return store === undefined ? undefined : { store: decodeURIComponent(store), tick: Number(tick), row: Number(row) }
}
