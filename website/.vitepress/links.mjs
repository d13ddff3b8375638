import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Points the links of pages to where the site has them: README.md is the first page of its folder, and files that are no pages
 * are in the repository. Without its URL, such a link is text.
 */
export function linksOutside(md, repository) {
  md.core.ruler.push('links-outside', ({ tokens, env }) => {
    for (const { children } of tokens) placeLinks(children ?? [], env.path ?? '', repository)
  })
}

function placeLinks(tokens, page, repository) {
  tokens.forEach((token, i) => {
    if (token.type !== 'link_open') return
    const href = placed(token.attrGet('href'), page, repository)
    if (href !== undefined) {
      token.attrSet('href', href)
      return
    }
    const end = tokens.findIndex(({ type }, at) => at > i && type === 'link_close')
    for (const one of [token, tokens[end]]) Object.assign(one, { tag: 'span', attrs: null })
  })
}

/** Returns where a link leads on the site; undefined when it leads nowhere. */
function placed(href, page, repository) {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return href
  const [path] = href.split('#', 1)
  const target = relative(root, join(dirname(page), decodeURI(path)))
  if (!isPage(target)) return repository && `${repository}/blob/HEAD/${target}`
  return href.replace(/README\.md/, 'index.md').replace('README.zh-CN.md', 'zh-CN.md')
}

function isPage(path) {
  return path.endsWith('.md') && (!path.includes('/') || path.startsWith('docs/'))
}
