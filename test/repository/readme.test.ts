import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const pages = ['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']

it('has the same code in both languages', () => {
  const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((path) => codeOf(read(path)))
  expect(chinese).toEqual(english)
})

it.each(pages)('%s links to what is there', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!)
  expect(links.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})

/** The blocks of code, without what comments say to a reader. */
function codeOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```.*?^```$/gms)].map(([block]) => block.replaceAll(/ *(#|\/\/) .*$/gm, ''))
}
