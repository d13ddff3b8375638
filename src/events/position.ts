import { BadRequest } from '../contract/errors.ts'
import type { StoreChange } from './cursors.ts'
import type { Position } from './log.ts'
import type { LogChange, Mark } from './mark.ts'

/** A position in the log of each shard of a publisher. The database outside of the shards has an empty name. */
export type Positions = ReadonlyMap<string, Position>

/**
 * Formats positions as the text that a subscriber stores. The mark of a store follows as an entry of its own, whose name begins with
 * a tilde. An earlier release takes it for a store that it does not have.
 */
export function positionText(positions: Positions): string {
  const entries = [...positions]
  return [
    ...entries.map(([store, { from, to, row }]) => `${encode(store)}:${from}.${to}.${row}`),
    ...entries.flatMap(([store, { to, mark }]) => (mark ? [`~${encode(store)}:${to}.${mark.log}.${mark.at}`] : [])),
  ].join(',')
}

/** @throws {BadRequest} when the text is not one of `positionText` */
export function parsePositions(text: string): Positions {
  const positions = new Map<string, Position>()
  const marks = new Map<string, Mark & { readonly to: number }>()
  for (const part of text.split(',')) {
    const [, tilde, name, ...numbers] = /^(~?)([\w%.~-]*):(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(part) ?? []
    if (name === undefined)
      throw new BadRequest(
        `after: expected a position that the feed has returned, got ${JSON.stringify(text.slice(0, 60))}`,
      )
    const [one, two, three] = numbers.map(Number) as [number, number, number]
    if (tilde) marks.set(decodeURIComponent(name), { to: one, log: two, at: three })
    else positions.set(decodeURIComponent(name), { from: one, to: two, row: three })
  }
  for (const [store, { to, log, at }] of marks) {
    const position = positions.get(store)
    // An earlier release moves the position on, and not the mark.
    if (position?.to === to) positions.set(store, { ...position, mark: { log, at } })
  }
  return positions
}

/** The place of an event in the log of its publisher: its row, and the first tick that sees it. */
export interface Place {
  readonly store: string
  readonly tick: number
  readonly row: number
}

/** Returns how the log of a later position differs from that of the position before it; undefined when it is the same one. */
function changeBetween(before: Position | undefined, { to, mark }: Position): LogChange | undefined {
  if (!before?.mark || !mark) return undefined
  if (mark.log !== before.mark.log) return mark.log > before.mark.log ? 'replaced' : undefined
  return to <= before.to && mark.at > before.mark.at ? 'restored' : undefined
}

/** Returns the stores whose log is another one in later positions. */
export function changesBetween(before: Positions, after: Positions): readonly StoreChange[] {
  return [...after].flatMap(([store, position]) => {
    const change = changeBetween(before.get(store), position)
    return change ? [{ store, change }] : []
  })
}

/** Returns whether a place, which positions `after` follow, comes before other positions. */
export function covers(positions: Positions, { store, tick, row }: Place, after: Positions = new Map()): boolean {
  const position = positions.get(store)
  if (!position) return false
  const next = after.get(store)
  if (next && changeBetween(position, next)) return false
  if (next?.mark && position.mark && next.mark.log < position.mark.log) return true // it is of an earlier database
  return tick <= position.from || (tick <= position.to && row <= position.row)
}

/** Returns the later position of each store. */
export function latest(one: Positions, other: Positions): Positions {
  const all = new Map(one)
  for (const [store, position] of other) {
    const known = all.get(store)
    if (!known || changeBetween(known, position) || isBefore(known, position)) all.set(store, position)
  }
  return all
}

function isBefore(one: Position, other: Position): boolean {
  if (one.mark && other.mark && one.mark.log !== other.mark.log) return one.mark.log < other.mark.log
  return one.from < other.from || (one.from === other.from && one.row < other.row)
}

/** Formats a place as text. */
export function placeText({ store, tick, row }: Place): string {
  return `${encode(store)}:${tick}.${row}`
}

/** Parses the text of `placeText`. Returns undefined when the text is not one. */
export function parsePlace(text: string): Place | undefined {
  const [, store, tick, row] = /^([\w%.~-]*):(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return store === undefined ? undefined : { store: decodeURIComponent(store), tick: Number(tick), row: Number(row) }
}

/** Encodes the name of a store, without a tilde. */
function encode(store: string): string {
  return encodeURIComponent(store).replaceAll('~', '%7E')
}
