// Bundles src/ into what package.json exports; the types beside it are from tsc.
//
// Node takes a quarter to half a millisecond for each module that it loads: as 264 and 266 files tricube and TypeBox were
// a third of a service's start. Other packages stay outside, so that their updates reach whoever uses them.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { bin, exports, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const published = JSON.stringify([exports, bin]).match(/(?<=\.\/dist\/)[^"]+(?=\.js")/g)
/** The package inside the bundle. */
const inside = /^@sinclair\/typebox(?:\/|$)/
/** Run by others as a process of its own. */
const programs = ['cli/describe']

rmSync(`${root}dist/chunks`, { recursive: true, force: true })
copyFileSync(`${root}node_modules/@sinclair/typebox/license`, `${root}dist/LICENSE-typebox`)
copySwaggerUi()
await buildDashboard()
mkdirSync(`${root}dist/grafana`, { recursive: true })
copyFileSync(`${root}deploy/grafana/tricube.json`, `${root}dist/grafana/tricube.json`)
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
          kind === 'entry-point' || inside.test(path) ? undefined : { path, external: true },
        )
      },
    },
  ],
})

/** Bundles the page of the dashboard: everything that a browser needs, from this machine. */
async function buildDashboard() {
  const from = `${root}src/dashboard/page`
  const folder = `${root}dist/dashboard/page`
  rmSync(folder, { recursive: true, force: true })
  await build({
    absWorkingDir: root,
    entryPoints: [`${from}/main.tsx`],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const name of ['index.html', 'icon.svg']) copyFileSync(`${from}/${name}`, `${folder}/${name}`)
  copyFileSync(`${root}node_modules/preact/LICENSE`, `${folder}/LICENSE-preact`)
}

/**
 * Copies the two files that the docs page needs. `@fastify/swagger-ui` has them without the analytics of `swagger-ui-dist`;
 * as a dependency it would bring 24 packages, none of which runs.
 */
function copySwaggerUi() {
  const folder = `${root}dist/swagger-ui`
  mkdirSync(folder, { recursive: true })
  for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) {
    copyFileSync(`${root}node_modules/@fastify/swagger-ui/static/${name}`, `${folder}/${name}`)
  }
  writeFileSync(
    `${folder}/LICENSE`,
    apache2('Swagger UI, https://github.com/swagger-api/swagger-ui, by SmartBear Software'),
  )
}

/** The Apache License 2.0 of a work; neither package carries it. */
function apache2(work) {
  return `${work}\n\n${readFileSync(`${root}node_modules/typescript/LICENSE`, 'utf8')}`
}
