/** Positions as text: what subscribers store, and what earlier releases read. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changesBetween, covers, latest, parsePositions, positionText } from '../../src/events/position.ts'

const number = fc.integer({ min: 0, max: 999_999_999_999_999 })
const position = fc
  .record({ from: number, ahead: fc.nat(100), row: number, log: number, at: number, isMarked: fc.boolean() })
  .map(({ from, ahead, row, log, at, isMarked }) => {
    const to = Math.min(from + ahead, 999_999_999_999_999)
    return { from, to, row, ...(isMarked && { mark: { log, at } }) }
  })
const store = fc.string({
  unit: fc.constantFrom('a', 'B', '7', '~', '.', '-', '_', ' ', ':', ',', '%', 'é', '/'),
  maxLength: 6,
})
const positions = fc.uniqueArray(fc.tuple(store, position), { selector: ([name]) => name, minLength: 1, maxLength: 5 })

it('are the same when they are read again', () => {
  fc.assert(
    fc.property(positions, (all) => {
      const map = new Map(all)
      expect(parsePositions(positionText(map))).toEqual(map)
    }),
  )
})

it('are read by earlier releases, which see the same stores at the same places', () => {
  fc.assert(
    fc.property(positions, (all) => {
      const read = new Map(
        positionText(new Map(all))
          .split(',')
          .map((part) => {
            const [, name, from, to, row] = /^([\w%.~-]*):(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(part)!
            return [decodeURIComponent(name!), { from: Number(from), to: Number(to), row: Number(row) }] as const
          }),
      )
      for (const [name, { from, to, row }] of all) {
        if (!name.startsWith('~')) expect(read.get(name)).toEqual({ from, to, row })
      }
    }),
  )
})

it('lose their mark when an earlier release has moved them on', () => {
  expect(parsePositions(':9.9.0,~:5.100.200').get('')).toEqual({ from: 9, to: 9, row: 0 })
  expect(parsePositions(':9.9.0,~:9.100.200').get('')).toEqual({ from: 9, to: 9, row: 0, mark: { log: 100, at: 200 } })
})

it.each([
  ['the same log goes on', ':6.6.0,~:6.1.60', 6, undefined, false],
  ['the same event comes again', ':5.5.0,~:5.1.50', 5, undefined, true],
  ['an earlier event comes again', ':4.4.0,~:4.1.40', 4, undefined, true],
  ['a tick of the same number is newer', ':5.5.0,~:5.1.51', 5, 'restored', false],
  ['a tick of a lower number is newer', ':3.3.0,~:3.1.70', 3, 'restored', false],
  ['the log is another one', ':2.2.0,~:2.2.20', 2, 'replaced', false],
  ['the log is an earlier one', ':9.9.0,~:9.0.20', 9, undefined, true],
  ['a relay of an earlier release has sent it', ':5.5.0', 5, undefined, true],
])('tell what a message is: %s', (_, after, tick, change, isCovered) => {
  const before = parsePositions(':5.5.0,~:5.1.50')
  const next = parsePositions(after)
  expect(changesBetween(before, next)).toEqual(change ? [{ store: '', change }] : [])
  expect(covers(before, { store: '', tick, row: 7 }, next)).toBe(isCovered)
  expect(latest(before, next).get('')).toEqual(isCovered ? before.get('') : next.get(''))
})
