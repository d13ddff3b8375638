import { readFileSync } from 'node:fs'
import { openProject } from './project.ts'
import type { PublicExport } from './publicExports.ts'

/** Compiles examples of docstrings, and returns a line for each error. `all` is what they can import. */
export function compileExamples(exports: readonly PublicExport[], all: readonly PublicExport[]): readonly string[] {
  const folder = 'test/repository/'
  const examples = exports.flatMap(({ from, name, member, examples: texts }) =>
    texts.map((text) => ({
      title: `${member === undefined ? name : `${name}.${member}`} of ${from}`,
      text: asModule(from, text, all),
    })),
  )
  const named = examples.map((example, n) => ({ ...example, file: `example${n}.ts` }))
  const config = JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: { isolatedModules: false, verbatimModuleSyntax: false }, // the imports do not say which are types
    include: [],
    files: named.map(({ file }) => `./${file}`),
  })
  using opened = openProject(`${folder}examples.json`, {
    [`${folder}examples.json`]: config,
    ...Object.fromEntries(named.map(({ file, text }) => [folder + file, text])),
  })
  const { program } = opened.project
  const paths = program.getSourceFileNames()
  return named.flatMap(({ title, file }) => {
    const path = paths.find((known) => known.endsWith(`/${folder}${file}`))
    if (path === undefined) return [`${title}: not compiled`]
    const problems = [...program.getSyntacticDiagnostics(path), ...program.getSemanticDiagnostics(path)]
    return problems.map(({ text }) => `${title}: ${text}`)
  })
}

/** The names that examples may use without declaring them. */
const scene = Array.from(
  readFileSync(new URL('exampleScene.ts', import.meta.url), 'utf8').matchAll(
    /^export (?:declare )?(?:const|type|interface|\{) ?(\w+)/gm,
  ),
  ([, name]) => name!,
)

/** Adds the imports of what an example uses: from the subpath of its export, else from another one, else from the scene. */
function asModule(from: string, example: string, all: readonly PublicExport[]): string {
  const code = example.replaceAll(/\/\/.*$/gm, '')
  const declared = new Set(
    Array.from(code.matchAll(/\b(?:const|let|using|function|class|type|interface) (\w+)/g), ([, name]) => name),
  )
  const known = new Map(scene.map((name) => [name, './exampleScene.ts']))
  const elsewhereFirst = all.toSorted((one, other) => Number(one.from === from) - Number(other.from === from))
  for (const { from: subpath, name } of elsewhereFirst) known.set(name, subpath)
  const used = [...new Set(code.match(/\b[A-Za-z]\w*\b/g))].filter((name) => known.has(name) && !declared.has(name))
  return [...used.map((name) => `import { ${name} } from '${known.get(name)}'`), 'export {}', example].join('\n')
}
