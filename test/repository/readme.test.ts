import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

it('has the same code in both languages', () => {
  const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((path) => codeOf(read(path)))
  expect(chinese).toEqual(english)
})

it('has the same sections, links and figures in both languages', () => {
  const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((path) => outlineOf(read(path)))
  expect(chinese).toEqual(english)
})

/** The blocks of code, without what comments say to a reader. */
function codeOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```.*?^```$/gms)].map(([block]) => block.replaceAll(/ *(#|\/\/) .*$/gm, ''))
}

/** Depth of each heading, cells of each row, links and figures, apart from the link to the other language. */
function outlineOf(markdown: string): object {
  const text = markdown.replaceAll(/^```.*?^```$/gms, '').replaceAll(/\[.*\]\(README.*\)/g, '')
  return {
    headings: [...text.matchAll(/^#+(?= )/gm)].map(([marks]) => marks),
    rows: [...text.matchAll(/^\|.*\|$/gm)].map(([row]) => row.split('|').length),
    links: new Set([...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)),
    figures: [...text.matchAll(/(?<![\w.])\d+\.\d+(?!\.?\w)/g)].map(([figure]) => figure),
  }
}
