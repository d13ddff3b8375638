/**
 * Compiles TypeScript for a Node that does not run it: a module and the TypeScript that it imports become one file.
 *
 * Packages, tricube included, stay outside, so that a process has one copy of each. Bundling them would start 0.2 s
 * sooner on Node 20, but take 0.6 s more to compile. Hooks into Node's loader (tsx) cost half a second of CPU and 30 MB,
 * because every module of every package passes through a second thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildFailure, OnResolveResult, Plugin } from 'esbuild'
import { LoadError } from './loadError.ts'
import { isTypeScript } from './platform.ts'
import { namesScript, renamed } from './sourceNames.ts'
import { wholeName } from './wholeName.ts'

/**
 * Compiles a module and the TypeScript that it imports into one file, and again only when one of its files changes.
 *
 * @throws {LoadError} when esbuild is not installed, or cannot read the file; it then names the place and the reason
 */
export async function compile(file: string): Promise<string> {
  const before = compiledFiles.get(file)
  if (before && (await isCurrent(before))) return before.outfile
  const esbuild = await loadEsbuild(file)
  const outfile = join(outputFolder(), `${++compiled}.mjs`)
  const startedMs = Date.now()
  try {
    const { metafile } = await esbuild.build({
      entryPoints: [file],
      absWorkingDir: process.cwd(), // esbuild's own is the folder in which it was loaded, which may be gone
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      conditions: [], // as Node chooses: esbuild's own "module" would lead to a second copy
      sourcemap: 'inline',
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
      // Names that a module would not declare itself: many ES modules start with `const __dirname = …`.
      define: {
        'import.meta.url': '__metaUrl',
        'import.meta.filename': '__metaFilename',
        'import.meta.dirname': '__metaDirname',
      },
      plugins: [packagesOutside, ownPlace],
      banner: { js: requireBanner },
    })
    const inputs = Object.keys(metafile.inputs).map((path) => resolve(path))
    await keepNames(outfile, inputs)
    compiledFiles.set(file, { outfile, inputs, startedMs })
  } catch (error) {
    const { errors = [] } = error as Partial<BuildFailure>
    const files = errors.flatMap(({ location }) => (location ? [resolve(location.file)] : []))
    throw new LoadError(reasonOf(error as BuildFailure), { files, cause: error })
  }
  process.setSourceMapsEnabled(true)
  return outfile
}

/** Writes the source names of renamed functions on the first line, which keeps all line numbers. */
async function keepNames(outfile: string, inputs: readonly string[]): Promise<void> {
  const [text, ...sources] = await Promise.all([outfile, ...inputs].map((path) => readFile(path, 'utf8')))
  const script = namesScript(renamed(text!, sources))
  if (script !== '') await writeFile(outfile, script + text)
}

/** Returns the files that the last compilation of a module read; none before it. */
export function inputsOf(file: string): readonly string[] {
  return compiledFiles.get(file)?.inputs ?? []
}

/** A compiled file and its inputs. */
interface CompiledFile {
  readonly outfile: string
  readonly inputs: readonly string[]
  /** When it was compiled, in milliseconds since 1970. */
  readonly startedMs: number
}
const compiledFiles = new Map<string, CompiledFile>()

async function isCurrent({ inputs, startedMs }: CompiledFile): Promise<boolean> {
  const times = await Promise.all(inputs.map(async (path) => (await stat(path)).mtimeMs)).catch(() => [Infinity])
  return times.every((time) => time < startedMs)
}

/** Leaves packages to Node, each resolved from where it is imported. */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup(build) {
    build.onResolve({ filter: /^file:/ }, ({ path }) => outside(fileURLToPath(path), path))
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === resolving || isBuiltin(path)) return undefined
      const asWanted = ({ href }: URL): string => (kind === 'require-call' ? fileURLToPath(href) : href)
      if (/^tricube(\/|$)/.test(path)) return { path: asWanted(tricubeFor(importer, path)), external: true }
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: resolving })
      if (found.errors.length > 0 && kind !== 'import-statement') return { path, external: true } // an optional one
      if (found.errors.length > 0) return found
      if (found.external || path.startsWith('#')) return found
      return outside(found.path, asWanted(pathToFileURL(found.path)))
    })
  },
}
const resolving = Symbol('resolving')

/** Returns the project's tricube, as its packages resolve it, or else this one. */
function tricubeFor(importer: string, name: string): URL {
  try {
    return pathToFileURL(createRequire(importer).resolve(name))
  } catch {
    return new URL(import.meta.resolve(name))
  }
}

/** Leaves what Node runs itself to Node, under this name; the rest goes into the file. */
function outside(path: string, name: string): OnResolveResult {
  return isTypeScript(path) || path.endsWith('.json') ? { path } : { path: name, external: true }
}

/** Gives each module its original path and URL, which bundling would change. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const loader = isTypeScript(path) ? 'ts' : 'js'
      const own = { __metaUrl: pathToFileURL(path).href, __metaFilename: path, __metaDirname: dirname(path) }
      const head = text.includes('import.meta') ? constants(own) : '' // on the first line, so that lines keep their numbers
      return { contents: head + text, loader }
    })
  },
}

function constants(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)}; `)
    .join('')
}

const constantsAtStart = /^(?:const __meta\w+ = "(?:[^"\\]|\\.)*"; )+/

/** CommonJS modules in the file use it to load Node's built-in modules. */
const requireBanner = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(import.meta.url)});`

let compiled = 0
let folder: string | undefined

function outputFolder(): string {
  if (folder === undefined) {
    const created = mkdtempSync(join(tmpdir(), 'tricube-'))
    folder = created
    process.on('exit', () => rmSync(created, { recursive: true, force: true }))
  }
  return folder
}

/**
 * Loads the project's esbuild, or else the one installed beside tricube.
 *
 * @throws {LoadError} when neither is installed
 */
export async function loadEsbuild(file: string): Promise<typeof import('esbuild')> {
  for (const from of [file, fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from)('esbuild') as typeof import('esbuild')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  const shown = relative(process.cwd(), file)
  const install = process.env['NODE_ENV'] === 'production' ? 'npm i esbuild' : 'npm i -D esbuild' // npm leaves out -D there
  throw new LoadError(
    `Node ${process.versions.node} does not run ${shown} by itself: ${install}, or use Node 22.18 or later`,
  )
}

function reasonOf({ errors, message }: BuildFailure): string {
  const [first] = errors ?? []
  if (!first) return message
  const { file, line, column } = first.location ?? {}
  if (file === undefined) return first.text
  const own = line === 1 ? (constantsAtStart.exec(first.location?.lineText ?? '')?.[0].length ?? 0) : 0
  return `${file}:${line}:${(column ?? 0) - own + 1}: ${first.text}${withEnding(first.text, file)}`
}

/** Names the file whose ending an import leaves out. Node needs the ending. */
function withEnding(problem: string, importer: string): string {
  const path = /^Could not resolve "(\.[^"]*)"$/.exec(problem)?.[1]
  if (path === undefined) return ''
  return wholeName(path, dirname(importer))
}
