import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const docs = readdirSync(new URL('docs/', root))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const pages = [
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
  'CODE_OF_CONDUCT.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...docs,
]

it.each(pages)('%s links to what is there, down to the heading', (page) => {
  const from = new URL(page, root)
  const links = [...proseOf(from).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!)
  expect(links.filter((link) => !leadsSomewhere(new URL(link, from)))).toEqual([])
})

function leadsSomewhere(target: URL): boolean {
  const anchor = decodeURIComponent(target.hash.slice(1))
  target.hash = ''
  return existsSync(fileURLToPath(target)) && (anchor === '' || anchorsOf(target).includes(anchor))
}

/** As GitHub makes them of headings. */
function anchorsOf(page: URL): string[] {
  return [...proseOf(page).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** A page without its blocks of code. */
function proseOf(page: URL): string {
  return readFileSync(page, 'utf8').replaceAll(/^```.*?^```$/gms, '')
}
