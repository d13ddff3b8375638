import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const built = process.env['TRICUBE_TEST_PACKAGE']
const root = built ?? fileURLToPath(new URL('../../src', import.meta.url))
const repository = fileURLToPath(new URL('../..', import.meta.url))
const file = (path: string) => join(root, `${path}.${built ? 'js' : 'ts'}`)

/** Bundles the script of a page for browsers. An import of a Node module fails. */
export async function bundleForPage(
  script: string,
  tables: 'page' | 'service' = 'page',
): Promise<{ readonly text: string; readonly inputs: string[] }> {
  const result = await build({
    absWorkingDir: repository,
    stdin: { contents: script, resolveDir: repository, loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    alias: {
      'tricube/client/fetch': file('client/fetch/index'),
      'tricube/models/pg': file(tables === 'page' ? 'models/pg/browser' : 'models/pg/index'),
      'tricube/models': file('models/index'),
      tricube: file('browser'),
    },
  })
  return { text: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs) }
}
