import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from './project.ts'
// @ts-expect-error the site's own JavaScript
import { sidebar, slug } from '../../website/.vitepress/navigation.mjs'

interface Group {
  readonly text: string
  readonly items: readonly { readonly text: string; readonly link: string }[]
}

it('the site has every page of the documentation in its sidebar, once', () => {
  const links = (sidebar() as readonly Group[]).flatMap(({ items }) => items.map(({ link }) => link))
  const pages = readdirSync(`${root}docs/`).filter((name) => /^[^A-Z]+\.md$/.test(name))
  expect(links.toSorted()).toEqual(pages.map((page) => `/docs/${page.replace('.md', '')}`).toSorted())
})

it('the site has the sections of docs/README.md, and the anchors of GitHub', () => {
  const headings = [...readFileSync(`${root}docs/README.md`, 'utf8').matchAll(/^## (.*)$/gm)].map(
    ([, heading]) => heading,
  )
  expect((sidebar() as readonly Group[]).map(({ text }) => text)).toEqual(headings)
  expect(slug('`tricube dev`: what it does, and why?')).toBe('tricube-dev-what-it-does-and-why')
})
