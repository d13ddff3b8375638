/** How a page is built, so that a reader in a hurry finds the same things in the same places. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { blocksOf, pages } from './docBlocks.ts'
import { importedBy, installedBy } from './docPackages.ts'
import { root } from './project.ts'

/** Pages that show nothing to do: an index, a list of words, a table of symptoms. */
const lists = ['docs/README.md', 'docs/glossary.md', 'docs/failures.md', 'docs/come-from.md']
/** Pages whose reader has a clone of the repository, with all packages. */
const clones = ['docs/shop.md']
const tasks = pages.filter((page) => page !== 'README.md' && !lists.includes(page))

it.each(tasks)('%s begins with an example', (page) => {
  expect(textOf(page).split(/^## /m)[0]).toMatch(/^```\w*\n/m)
})

it.each(tasks)('%s has its options before what goes wrong', (page) => {
  const headings = headingsOf(page)
  const faults = headings.indexOf('What goes wrong')
  if (faults >= 0) expect(headings.indexOf('Options')).toBeLessThan(faults)
  expect(headings.filter((heading) => /wrong|trouble|problem|error occurs/i.test(heading))).toEqual(
    faults >= 0 ? ['What goes wrong'] : [],
  )
})

it.each(pages)('%s names its files where a reader sees it', (page) => {
  const hidden = blocksOf(page).filter(({ file, text }) => file !== undefined && !text.includes(`// ${file}`))
  const prose = textOf(page).replaceAll(/^```.*?^```$/gms, '')
  expect(hidden.filter(({ file }) => !prose.includes(`\`${file}\``)).map(({ file }) => file)).toEqual([])
})

it.each(pages.filter((page) => !clones.includes(page)))('%s says how to install what its code imports', (page) => {
  const installed = installedBy(page).map(({ name }) => name.replace(/(?<=.)@.*/, ''))
  expect(importedBy(page).filter((name) => !installed.includes(name))).toEqual([])
})

it('the index leads to every page', () => {
  const index = textOf('docs/README.md')
  const missing = pages.filter((page) => !index.includes(`(${page.replace('docs/', '')}`) && page.startsWith('docs/'))
  expect(missing).toEqual(['docs/README.md'])
})

it('nearly every page says what goes wrong', () => {
  expect(tasks.filter((page) => !headingsOf(page).includes('What goes wrong'))).toEqual([
    'docs/limits.md', // its table of limits has the responses
    'docs/shop.md', // a walk through an example
  ])
})

function textOf(page: string): string {
  return readFileSync(root + page, 'utf8')
}

/** The headings of level 2, outside of code. */
function headingsOf(page: string): readonly string[] {
  const prose = textOf(page).replaceAll(/^```.*?^```$/gms, '')
  return Array.from(prose.matchAll(/^## (.*)$/gm), ([, heading]) => heading!)
}
