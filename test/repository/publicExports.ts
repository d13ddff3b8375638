import { readFileSync } from 'node:fs'
import { SymbolFlags, type Project, type Symbol as Declared } from 'typescript/unstable/sync'
import { openProject, root } from './project.ts'

/** A name that users can import, or a member of it, with its docstring. */
export interface PublicExport {
  /** The subpath, such as `tricube/sql`. */
  readonly from: string
  readonly name: string
  /** The member of an interface or a class. */
  readonly member?: string
  /** Whether it is a function, a class or a constant, and not only a type. */
  readonly isValue: boolean
  /** Whether it is declared here, and not in a package that tricube passes on. */
  readonly isOurs: boolean
  readonly doc: string
  readonly examples: readonly string[]
}

/** Returns what the subpaths of the package export, and the members of exported interfaces and classes. */
export async function publicExports(): Promise<readonly PublicExport[]> {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, Target> }
  using opened = openProject('tsconfig.json')
  const { project } = opened
  const found: PublicExport[] = []
  for (const [subpath, target] of Object.entries(exports)) {
    const { default: file } = typeof target === 'string' ? { default: target } : target
    if (!file.endsWith('.js') || subpath === './models/pg') continue // which is Drizzle's
    const from = subpath.replace('.', 'tricube')
    const values = new Set(Object.keys(await import(/* @vite-ignore */ from)))
    for (const [name, symbol] of exportsOf(project, file.replace('./dist/', 'src/').replace(/js$/, 'ts'))) {
      found.push({ from, name, isValue: values.has(name), isOurs: isOurs(symbol), ...docOf(project, symbol) })
      for (const member of membersOf(project, symbol))
        found.push({ from, name, member: member.name, isValue: false, isOurs: true, ...docOf(project, member) })
    }
  }
  return found
}

type Target = string | { readonly default: string }

function exportsOf(
  { program, checker }: Project,
  path: string,
): readonly (readonly [name: string, symbol: Declared])[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(root + path)!)!
  return checker
    .getExportsOfModule(module)
    .map((symbol) => [symbol.name, symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol])
}

/** Returns the members that are declared here. An inherited one is a member of the type that declares it, too. */
function membersOf({ checker }: Project, symbol: Declared): readonly Declared[] {
  if (!(symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class))) return []
  return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).filter(isOurs)
}

function isOurs({ declarations }: Declared): boolean {
  return declarations.some(({ path }) => !path.includes('/node_modules/'))
}

function docOf({ checker }: Project, symbol: Declared): Pick<PublicExport, 'doc' | 'examples'> {
  const examples = checker.getJsDocTagsOfSymbol(symbol).filter(({ name }) => name === 'example')
  return {
    doc: checker.getDocumentationCommentOfSymbol(symbol),
    examples: examples.map(({ text = '' }) => text.replaceAll(/^```\w*\n?/gm, '')),
  }
}
