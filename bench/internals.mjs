/** For benches of what tricube does not export: modules of src/, bundled anew at each start. */
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}node_modules/.cache/bench`

/**
 * Everything that these modules export.
 *
 * @example const { Fleet, p2c } = await internals('resilience/fleet.ts', 'resilience/p2c.ts')
 */
export async function internals(...names) {
  return import(await bundle(names.map((name) => `export * from './${name}'`).join('\n')))
}

/** The URL of what a module of src/ with such a text becomes; `plugins` are esbuild's. */
export async function bundle(contents, plugins = []) {
  mkdirSync(folder, { recursive: true })
  const outfile = `${folder}/${process.pid}-${++made}.mjs`
  process.once('exit', () => rmSync(outfile, { force: true }))
  await build({
    stdin: { contents, resolveDir: `${root}src` },
    outfile,
    plugins,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    packages: 'external',
    define: { TRICUBE_VERSION: '"bench"' },
  })
  return pathToFileURL(outfile).href
}
let made = 0
