// The navigation of the site, which is that of docs/README.md.
import { readFileSync } from 'node:fs'

const index = new URL('../../docs/README.md', import.meta.url)

/** Makes the anchor of a heading, as GitHub does: the pages link to these. */
export function slug(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

/** Returns a group for each section of docs/README.md, with the pages that it names. */
export function sidebar(text = readFileSync(index, 'utf8')) {
  const [, ...sections] = text.split(/^## /m)
  const known = new Set()
  return sections.map((section) => {
    const [title] = section.split('\n', 1)
    return { text: title, collapsed: false, items: pagesOf(section).filter(({ link }) => isNew(known, link)) }
  })
}

function pagesOf(section) {
  const links = section.matchAll(/\[([^\]]+)\]\(([\w-]+)\.md(?:#[\w-]+)?\)/g)
  return Array.from(links, ([, text, page]) => ({ text: capital(text.replaceAll('`', '')), link: `/docs/${page}` }))
}

function isNew(known, link) {
  return !known.has(link) && known.add(link)
}

function capital(text) {
  return text.startsWith('tricube') ? text : text[0].toUpperCase() + text.slice(1)
}
