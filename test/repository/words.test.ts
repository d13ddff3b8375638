/** The list of banned words holds for code too: in examples of pages, in names and in strings. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { pages } from './docBlocks.ts'
import { root } from './project.ts'
import { filesBelow } from './syntax.ts'

const banned = Array.from(
  readFileSync(`${root}scripts/prose/words.yml`, 'utf8').matchAll(/^ +pattern: \/(.*)\/i$/gm),
  ([, pattern]) => new RegExp(pattern!, 'i'),
)
const texts = [...pages.map((page) => [page, readFileSync(root + page, 'utf8')] as const), ...filesBelow('src')]

it('no page and no source file has a banned word', () => {
  expect(banned.length).toBeGreaterThan(15)
  const found = texts.flatMap(([path, text]) =>
    text
      .split('\n')
      .flatMap((line, at) => (banned.some((word) => word.test(line)) ? [`${path}:${at + 1} ${line}`] : [])),
  )
  expect(found).toEqual([])
})

it('types have the names of the field', () => {
  const vague = /\b(?:interface|type|class) \w*(?:Whole|Met|Given|Kept|Manner|Shape|Thing|Stuff)\b/
  expect(texts.filter(([path, text]) => path.startsWith('src/') && vague.test(text)).map(([path]) => path)).toEqual([])
})
