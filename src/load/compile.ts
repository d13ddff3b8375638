/**
 * TypeScript for a Node that does not run it: one JavaScript file of a module, the TypeScript that it imports, and the packages
 * that every service loads.
 *
 * Hooks into Node's loader (tsx) were measured against it: they cost a service on Node 20 half a second of CPU at start and
 * 30 MB, because every module of every package passes through a second thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildFailure, Plugin } from 'esbuild'
import { ownFolder } from './own.ts'
import { isTypeScript } from './platform.ts'

/** A module cannot be loaded; the message is one line. */
class LoadError extends Error {
  override readonly name: string = 'LoadError'
}

/**
 * Compiles a module and the TypeScript that it imports, and what every service loads of packages, into one file; once, until
 * one of its own files changes.
 *
 * @throws {LoadError} when esbuild is not installed, or cannot read the file: then with the place and the reason.
 */
export async function compile(file: string): Promise<string> {
  const before = made.get(file)
  if (before && (await isCurrent(before))) return before.outfile
  const esbuild = await loadEsbuild(file)
  const outfile = join(outputFolder(), `${++compiled}.mjs`)
  const startedMs = Date.now()
  try {
    const { metafile } = await esbuild.build({
      entryPoints: [file],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      sourcemap: 'inline',
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
      // Names that modules have no reason to declare: `const __dirname = …` is what many ES modules begin with.
      define: {
        'import.meta.url': '__metaUrl',
        'import.meta.filename': '__metaFilename',
        'import.meta.dirname': '__metaDirname',
      },
      plugins: [packagesOutside, ownPlace],
      banner: { js: requireBanner },
    })
    const inputs = Object.keys(metafile.inputs).filter((path) => !path.includes('node_modules'))
    made.set(file, { outfile, inputs: inputs.map((path) => resolve(path)), startedMs })
  } catch (error) {
    throw new LoadError(reasonOf(error as BuildFailure), { cause: error })
  }
  process.setSourceMapsEnabled(true)
  return outfile
}

/** What was made of a file, and of what. */
interface Made {
  readonly outfile: string
  readonly inputs: readonly string[]
  /** In milliseconds since 1970. */
  readonly startedMs: number
}
const made = new Map<string, Made>()

async function isCurrent({ inputs, startedMs }: Made): Promise<boolean> {
  const times = await Promise.all(inputs.map(async (path) => (await stat(path)).mtimeMs)).catch(() => [Infinity])
  return times.every((time) => time < startedMs)
}

/**
 * Leaves packages to Node, each found from where it is imported; tricube is this one.
 *
 * Node 20 takes most of a millisecond for each module that it loads. The three hundred that every service loads are put
 * into the file.
 */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === resolving || isBuiltin(path)) return undefined
      if (/^tricube(\/|$)/.test(path)) return { path: fileURLToPath(import.meta.resolve(path)) }
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: resolving })
      const isMissing = found.errors.length > 0
      if (isMissing && kind !== 'import-statement') return { path, external: true } // an optional one
      if (isMissing || found.external) return found
      if (isTypeScript(found.path) || found.path.endsWith('.json') || isInside(path, importer)) return found
      return { path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href, external: true }
    })
  },
}
const resolving = Symbol('resolving')

/** What every service loads, and what these packages load in turn. */
function isInside(path: string, importer: string): boolean {
  return inside.test(path) || (isInPackage(importer) && !importer.startsWith(own))
}
const inside =
  /^(fastify|ajv|ajv-formats|fast-json-stringify|secure-json-parse|pino|pg|@sinclair\/typebox|drizzle-orm|drizzle-typebox)(\/|$)/
const own = ownFolder()

/** Tells each module where it was before it was put into one file with others. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const loader = isTypeScript(path) ? 'ts' : 'js'
      const head = headOf(path, text) // on the first line, so that lines keep their numbers
      const foot = isInPackage(path) ? shortMap(path) : ''
      return { contents: head + text + foot, loader }
    })
  },
}

function headOf(path: string, text: string): string {
  if (path.endsWith(join('pg', 'lib', 'stream.js'))) return notInCloudflare
  const [url, folder] = [pathToFileURL(path).href, dirname(path)]
  if (text.includes('import.meta')) return constants({ __metaUrl: url, __metaFilename: path, __metaDirname: folder })
  return isInPackage(path) ? constants({ __filename: path, __dirname: folder }, text) : ''
}

/** Those of them that a text uses; all of them without one. */
function constants(values: Readonly<Record<string, string>>, usedIn?: string): string {
  return Object.entries(values)
    .filter(([name]) => usedIn === undefined || usedIn.includes(name))
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)}; `)
    .join('')
}

function isInPackage(path: string): boolean {
  return /node_modules/.test(path)
}

/** To learn whether it is in Cloudflare, pg makes a Response, for which Node 20 loads the whole of its fetch: 30 ms. */
const notInCloudflare = 'const Response = undefined; '

/** Of a package's module only the name: the map of all their lines is 2 MB, which Node would read at each start. */
function shortMap(path: string): string {
  const map = { version: 3, sources: [basename(path)], mappings: 'AAAA' }
  return `\n//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify(map))}`
}

/** CommonJS modules in the file find Node's own through it. */
const requireBanner = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(import.meta.url)});`

let compiled = 0
let folder: string | undefined

function outputFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'tricube-'))
    folder = made
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return folder
}

/** The project's own esbuild, else the one beside tricube. */
async function loadEsbuild(file: string): Promise<typeof import('esbuild')> {
  for (const from of [file, fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from)('esbuild') as typeof import('esbuild')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  const shown = relative(process.cwd(), file)
  throw new LoadError(
    `Node ${process.versions.node} does not run ${shown} by itself: npm i -D esbuild, or use Node 22.18 or later`,
  )
}

function reasonOf({ errors, message }: BuildFailure): string {
  const [first] = errors ?? []
  if (!first) return message
  const { file, line, column } = first.location ?? {}
  return file === undefined ? first.text : `${file}:${line}:${(column ?? 0) + 1}: ${first.text}`
}
