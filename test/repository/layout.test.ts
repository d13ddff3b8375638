/** CONTRIBUTING.md names the folders and files that the repository has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8')
const listed = pathsOf(/^src\/\n(?:[^`\n].*\n)+/m.exec(page)![0])

it('lists folders and files that exist', () => {
  expect(listed.length).toBeGreaterThan(50)
  expect(listed.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})

it('names paths in the text that exist', () => {
  const named = [...page.matchAll(/`((?:src|test|scripts|docs|bench)\/[^`*\s]*)`/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})

it.each([...new Set(listed.map(parentOf))].filter((folder) => folder.startsWith('src/')))(
  'lists every folder of %s',
  (folder) => {
    const folders = readdirSync(new URL(folder, root), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => `${folder}${name}/`).filter((path) => !listed.includes(path))).toEqual([])
  },
)

/** The paths of an indented list: two spaces for each level. */
function pathsOf(list: string): string[] {
  const parents: string[] = []
  return list.match(/^ *\S+/gm)!.map((entry) => {
    const name = entry.trim()
    const level = (entry.length - name.length) / 2
    parents[level] = name
    return parents.slice(0, level + 1).join('')
  })
}

function parentOf(path: string): string {
  return path.replace(/[^/]+\/?$/, '')
}
