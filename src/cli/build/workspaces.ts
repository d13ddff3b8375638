/** Finds the packages that are installed together with the one at their root. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** The members of a package.json that decide what is installed. */
export interface Package {
  readonly name?: string
  readonly type?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] }
}

/** Returns the folders of a project's workspaces, relative to it and sorted; none for a single package. */
export function workspacesOf(root: string): readonly string[] {
  const patterns = patternsOf(root)
  if (patterns.length === 0) return []
  const included = patterns.filter((pattern) => !pattern.startsWith('!')).map(toRegExp)
  const excluded = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => toRegExp(pattern.slice(1)))
  return packageFolders(root)
    .filter((path) => included.some((one) => one.test(path)) && !excluded.some((one) => one.test(path)))
    .toSorted()
}

/** Returns the nearest parent of a folder that has it as a workspace. */
export function workspaceRootOf(folder: string): string | undefined {
  const start = resolve(folder)
  for (let root = dirname(start); root !== dirname(root); root = dirname(root)) {
    if (workspacesOf(root).includes(withSlashes(relative(root, start)))) return root
  }
  return undefined
}

/**
 * Reads the package.json of a folder; an empty package if it has none.
 *
 * @throws {SyntaxError} when it is not JSON
 */
export function readPackage(folder: string): Package {
  const file = join(folder, 'package.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Package) : {}
}

/** Returns a path as Docker and package managers write it. */
export function withSlashes(path: string): string {
  return path.replaceAll('\\', '/')
}

function patternsOf(root: string): readonly string[] {
  const pnpm = join(root, 'pnpm-workspace.yaml')
  if (existsSync(pnpm)) return pnpmPatterns(readFileSync(pnpm, 'utf8').replaceAll('\r\n', '\n'))
  const { workspaces = [] } = readPackage(root)
  return 'packages' in workspaces ? (workspaces.packages ?? []) : (workspaces as readonly string[])
}

/** The list `packages` of a pnpm-workspace.yaml, in either style of YAML. */
function pnpmPatterns(text: string): readonly string[] {
  const inline = /^packages:\s*\[([^\]]*)\]/m.exec(text)?.[1]?.split(',')
  const lines = /^packages:[ \t]*(?:#.*)?\n((?:[ \t]*(?:[-#].*)?\n)*)/m.exec(`${text}\n`)?.[1]?.split('\n')
  const items = inline ?? lines?.filter((line) => /^\s*-/.test(line)).map((line) => line.replace(/^\s*-/, '')) ?? []
  return items.flatMap((item) => {
    const [, , quoted, plain] = /^\s*(?:(['"])(.*?)\1|([^\s#]+))/.exec(item) ?? []
    return quoted ?? plain ?? []
  })
}

/** A glob of package managers: `*` and `?` are within a name, `**` is any folders, `{a,b}` one of some. */
function toRegExp(pattern: string): RegExp {
  const path = pattern.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
  const source = path.replaceAll(/\*\*\/|\/\*\*$|\*\*|\{[^}]*\}|[^\w/-]/g, (part) => {
    if (part.startsWith('{')) return `(?:${part.slice(1, -1).split(',').map(escaped).join('|')})`
    return globParts[part] ?? escaped(part)
  })
  return new RegExp(`^${source}$`)
}

const globParts: Readonly<Record<string, string>> = {
  '**/': '(?:[^/]+/)*',
  '/**': '(?:/.+)?',
  '**': '.+',
  '*': '[^/]*',
  '?': '[^/]',
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w/-]/g, (character) => globParts[character] ?? `\\${character}`)
}

/** The folders with a package.json below a folder, those of installed packages left out. */
function packageFolders(root: string, path = ''): readonly string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .flatMap(({ name }) => {
      const folder = path === '' ? name : `${path}/${name}`
      const below = packageFolders(root, folder)
      return existsSync(join(root, folder, 'package.json')) ? [folder, ...below] : below
    })
}
