/**
 * TypeScript for a Node that does not run it: one JavaScript file of a module and the TypeScript that it imports.
 *
 * Hooks into Node's loader (tsx) were measured against it: they cost a service on Node 20 half a second of CPU at start and
 * 30 MB, because every module of every package passes through a second thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildFailure, Plugin } from 'esbuild'
import { isTypeScript } from './platform.ts'

/** A module cannot be loaded; the message is one line. */
class LoadError extends Error {
  override readonly name: string = 'LoadError'
}

/**
 * Compiles a module and the TypeScript that it imports into one file; packages stay where they are.
 *
 * @throws {LoadError} when esbuild is not installed, or cannot read the file: then with the place and the reason.
 */
export async function compile(file: string): Promise<string> {
  const esbuild = await loadEsbuild(file)
  const outfile = join(outputFolder(), `${++compiled}.mjs`)
  try {
    await esbuild.build({
      entryPoints: [file],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      define: { 'import.meta.url': '__url', 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
      plugins: [packagesOutside, ownPlace],
    })
  } catch (error) {
    throw new LoadError(reasonOf(error as BuildFailure), { cause: error })
  }
  process.setSourceMapsEnabled(true)
  return outfile
}

/**
 * Leaves packages to Node, each found from where it is imported; tricube is this one.
 *
 * Node 20 takes most of a millisecond for each ES module that it loads: those of tricube, TypeBox and Drizzle, nearly five
 * hundred, are put into the file, which halves a service's start.
 */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === resolving || isBuiltin(path)) return undefined
      if (/^tricube(\/|$)/.test(path)) return { path: fileURLToPath(import.meta.resolve(path)) }
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: resolving })
      if (found.errors.length > 0 && kind === 'dynamic-import') return { path, external: true } // an optional one
      if (found.errors.length > 0 || found.external) return found
      const isSource = isTypeScript(found.path) || found.path.endsWith('.json') || manyModules.test(path)
      return isSource ? found : { path: pathToFileURL(found.path).href, external: true }
    })
  },
}
const resolving = Symbol('resolving')
const manyModules = /^(@sinclair\/typebox|drizzle-orm|drizzle-typebox)(\/|$)/

/** Tells each module where it was before it was put into one file with others. */
const ownPlace: Plugin = {
  name: 'own-place',
  setup(build) {
    build.onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const loader = isTypeScript(path) ? 'ts' : 'js'
      if (!text.includes('import.meta')) return { contents: text, loader }
      const place = { __url: pathToFileURL(path).href, __filename: path, __dirname: dirname(path) }
      const head = Object.entries(place).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`)
      return { contents: head.join(' ') + text, loader } // on the first line, so that lines keep their numbers
    })
  },
}

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
