/**
 * The blocks of a page as modules. The first one is complete. Later ones may use the names of earlier ones, and those of
 * the scene.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'oxc-parser'
import { type Block, nameOf } from './docBlocks.ts'
import { root } from './project.ts'
import { type Node, visit } from './syntax.ts'

/** A file of the reader's folder. */
export interface Module {
  readonly path: string
  /** The code of the block after one line of imports. */
  readonly text: string
  readonly block: Block
}

/** How to import a name: from which file or package, under which name there. */
interface Source {
  readonly from: string
  readonly specifier: string
}

const scenes = 'test/repository/scenes'

/** The files that the reader of a page has, by path: of every page, of this one, and a clone of the repository. */
export function sceneOf(page: string): Readonly<Record<string, string>> {
  const own = nameOf(page).replace('.zh-CN', '')
  const clone = own === 'shop' ? filesIn('examples/shop', 'examples/shop/') : {}
  return { ...filesIn(`${scenes}/common`), ...clone, ...filesIn(`${scenes}/${own}`) }
}

function filesIn(folder: string, prefix = ''): Record<string, string> {
  if (!existsSync(join(root, folder))) return {}
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => /\.(ts|sql)$/.test(name))
  return Object.fromEntries(files.map((name) => [prefix + name, readFileSync(join(root, folder, name), 'utf8')]))
}

/** The names that examples of all pages and docstrings may use. */
export const commonScene: string = readFileSync(join(root, 'test/repository/exampleScene.ts'), 'utf8')

/** Makes a module of each block of a page, in a folder with the name of the page. */
export function modulesOf(blocks: readonly Block[]): readonly Module[] {
  const page = nameOf(blocks[0]?.page ?? '')
  const scene = new Map([
    ...exportsOf('exampleScene.ts', commonScene),
    ...exportsOf(`${page}/scene.ts`, sceneOf(page)['scene.ts'] ?? ''),
  ])
  const earlier = new Map<string, Source>()
  const taken = new Set<string>()
  return blocks.map((block, nth) => {
    const file = block.file ?? ''
    const path = join(page, file === '' || taken.has(file) ? join(dirname(file), `block${block.line}.ts`) : file)
    taken.add(file)
    const { program } = parseSync(path, block.text)
    const own = declaredIn(program)
    const imported = importedIn(program, path)
    const missing = namesIn(program).filter((name) => !own.has(name) && !imported.has(name))
    const imports = missing.flatMap((name) => {
      const source = earlier.get(name) ?? (nth > 0 ? scene.get(name) : undefined)
      return source ? [importFrom(path, source)] : []
    })
    for (const [name, source] of imported) earlier.set(name, source)
    for (const [name, { isType }] of own)
      earlier.set(name, { from: `./${path}`, specifier: `{ ${isType ? 'type ' : ''}${name} }` })
    const unexported = [...own].filter(([, { isExported }]) => !isExported)
    const list = unexported.map(([name, { isType }]) => `${isType ? 'type ' : ''}${name}`)
    return { path, block, text: `${imports.join('; ')}\n${block.text}\nexport { ${list.join(', ')} }\n` }
  })
}

function exportsOf(path: string, text: string): Map<string, Source> {
  const names = [...declaredIn(parseSync(path, text).program)].filter(([, { isExported }]) => isExported)
  const from = `./${path}`
  return new Map(names.map(([name, { isType }]) => [name, { from, specifier: `{ ${isType ? 'type ' : ''}${name} }` }]))
}

function importFrom(path: string, { from, specifier }: Source): string {
  return `import ${specifier} from '${from.startsWith('.') ? relativeTo(path, from) : from}'`
}

function relativeTo(path: string, target: string): string {
  const found = relative(dirname(path), target)
  return found.startsWith('.') ? found : `./${found}`
}

interface Declared {
  readonly isType: boolean
  readonly isExported: boolean
}

/** The names that a module declares at its top. One that is a value and a type is a value. */
function declaredIn(program: object): Map<string, Declared> {
  const names = new Map<string, Declared>()
  for (const [name, found] of declarationsIn(program)) {
    const { isType = true, isExported = false } = names.get(name) ?? {}
    names.set(name, { isType: isType && found.isType, isExported: isExported || found.isExported })
  }
  return names
}

function* declarationsIn(program: object): Iterable<readonly [name: string, declared: Declared]> {
  for (const statement of (program as { body: Node[] }).body) {
    const isExported = statement.type === 'ExportNamedDeclaration'
    for (const { exported } of (statement['specifiers'] ?? []) as { exported?: { name: string } }[])
      if (exported) yield [exported.name, { isType: false, isExported }]
    const declaration = (isExported ? statement['declaration'] : statement) as Node | null
    const declared = { isType: /Interface|TypeAlias/.test(declaration?.type ?? ''), isExported }
    if (declaration?.type === 'VariableDeclaration') {
      for (const { id } of declaration['declarations'] as { id: Node }[])
        for (const name of boundBy(id)) yield [name, declared]
    } else if (/^(?:Function|Class|TS\w+)Declaration$|^TSDeclareFunction$/.test(declaration?.type ?? '')) {
      yield* boundBy(declaration!['id'] as Node).map((name) => [name, declared] as const)
    }
  }
}

/** The names that a pattern binds. */
function boundBy(pattern: Node | null): string[] {
  if (!pattern) return []
  const inner = pattern['value'] ?? pattern['argument'] ?? pattern['left']
  if (pattern.type === 'Identifier') return [pattern['name'] as string]
  const parts = (pattern['properties'] ?? pattern['elements'] ?? [inner]) as (Node | null)[]
  return parts.flatMap(boundBy)
}

function importedIn(program: object, path: string): Map<string, Source> {
  const names = new Map<string, Source>()
  for (const statement of (program as { body: Node[] }).body) {
    if (statement.type !== 'ImportDeclaration') continue
    const { value } = statement['source'] as { value: string }
    const from = value.startsWith('.') ? `./${join(dirname(path), value)}` : value
    for (const { type, local, imported, importKind } of statement['specifiers'] as Specifier[]) {
      const isType = importKind === 'type' || statement['importKind'] === 'type'
      const only = isType ? 'type ' : ''
      if (type === 'ImportDefaultSpecifier') names.set(local.name, { from, specifier: `${only}${local.name}` })
      else if (type === 'ImportNamespaceSpecifier')
        names.set(local.name, { from, specifier: `${only}* as ${local.name}` })
      else names.set(local.name, { from, specifier: `{ ${only}${imported!.name} as ${local.name} }` })
    }
  }
  return names
}

interface Specifier {
  readonly type: string
  readonly local: { readonly name: string }
  readonly imported?: { readonly name: string }
  readonly importKind?: string
}

/** Every name in a module, of whatever it is. */
function namesIn(program: object): readonly string[] {
  const names = new Set<string>()
  visit(program, (node) => {
    if (node.type === 'Identifier') names.add(node['name'] as string)
  })
  return [...names]
}
