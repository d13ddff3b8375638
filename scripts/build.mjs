// Bundles src/ into what package.json exports; the types beside it are from tsc.
//
// Node takes a quarter to half a millisecond for each module that it loads: as 264 and 266 files tricube and TypeBox were
// a third of a service's start. Other packages stay outside, so that their updates reach whoever uses them.
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { bin, exports, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const published = JSON.stringify([exports, bin]).match(/(?<=\.\/dist\/)[^"]+(?=\.js")/g)
/** Run by others as a process of its own. */
const programs = ['cli/describe']

rmSync(`${root}dist/chunks`, { recursive: true, force: true })
copyFileSync(`${root}node_modules/@sinclair/typebox/license`, `${root}dist/LICENSE-typebox`)
await build({
  absWorkingDir: root,
  entryPoints: [...published, ...programs].map((name) => ({ in: `src/${name}.ts`, out: name })),
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  define: { TRICUBE_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  plugins: [
    {
      name: 'packages-outside',
      setup(build) {
        build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
          kind === 'entry-point' || path.startsWith('@sinclair/typebox') ? undefined : { path, external: true },
        )
      },
    },
  ],
})
