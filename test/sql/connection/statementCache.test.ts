import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StatementCache } from '../../../src/sql/connection/statementCache.ts'
import { Prepared } from '../../../src/sql/text/prepared.ts'

const texts = Array.from({ length: 12 }, (_, i) => new Prepared(`SELECT ${i}`))

describe('the cache', () => {
  it('keeps the most recently used statements, and closes the one that it evicts', () => {
    const uses = fc.array(fc.nat({ max: texts.length - 1 }), { maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), uses, (most, used) => {
        const cache = new StatementCache(most)
        let kept: Prepared[] = [] // the least recently used first
        for (const at of used) {
          const text = texts[at]!
          const known = cache.get(text)
          expect(known !== undefined).toBe(kept.includes(text))
          if (!known) {
            const { evicted } = cache.add(text)
            expect(evicted).toBe(kept.length === most ? kept.shift()!.name : undefined)
          }
          kept = [...kept.filter((each) => each !== text), text]
        }
      }),
      { numRuns: 500 },
    )
  })

  it('replaces the entry of a text without closing another', () => {
    const cache = new StatementCache(1)
    const { entry } = cache.add(texts[0]!)
    expect(cache.add(texts[0]!, entry).evicted).toBeUndefined()
    cache.delete(texts[0]!, entry) // an earlier one: the one in its place stays
    expect(cache.get(texts[0]!)).toBeDefined()
    cache.forget(texts[0]!)
    expect(cache.get(texts[0]!)).toBeUndefined()
  })

  it('uses unnamed statements behind a pooler', () => {
    const cache = new StatementCache(2)
    cache.keepsNames = false
    const { entry } = cache.add(texts[0]!)
    entry.confirm([])
    expect(entry).toMatchObject({ name: '', isConfirmed: false })
  })

  it('ignores descriptions from before tables changed', () => {
    const cache = new StatementCache(2)
    const { entry } = cache.add(texts[0]!)
    expect(cache.isCurrent(entry)).toBe(true)
    cache.grow()
    expect(cache.isCurrent(entry)).toBe(false)
    expect(cache.isCurrent(cache.add(texts[0]!, entry).entry)).toBe(true)
  })
})

describe('a statement that is prepared anew', () => {
  const decoderOf = () => () => 'x'

  it.each([
    ['the same columns', [{ name: 'a', type: 23 }], true],
    ['another name', [{ name: 'b', type: 23 }], false],
    ['another type', [{ name: 'a', type: 25 }], false],
    [
      'one more',
      [
        { name: 'a', type: 23 },
        { name: 'b', type: 23 },
      ],
      false,
    ],
  ])('with %s', (_, columns, keepsDecoder) => {
    const cache = new StatementCache(2)
    const { entry } = cache.add(texts[0]!)
    entry.confirm([{ name: 'a', type: 23 }])
    const decode = entry.decoder('object', decoderOf)
    expect(entry.decoder('object', decoderOf)).toBe(decode)
    const { entry: anew } = cache.add(texts[0]!, entry)
    anew.confirm(columns)
    expect(anew.decoder('object', decoderOf) === decode).toBe(keepsDecoder)
  })
})
