import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** A file of Swagger UI. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
}

/**
 * The files of Swagger UI on this machine. They are taken from `@fastify/swagger-ui`, whose copy is without the
 * analytics that come with `swagger-ui-dist`; its code is never loaded.
 */
export class Assets {
  #root: { readonly path: string; readonly version: string } | undefined

  /** Version of the files: with it in their URL they can be cached for good. */
  async version(): Promise<string> {
    return (await this.#find()).version
  }

  /** Reads a file; `undefined` when a page has no use for it. */
  async read(name: string): Promise<Asset | undefined> {
    const type = types.get(name)
    return type === undefined
      ? undefined
      : { type, body: await readFile(join((await this.#find()).path, 'static', name)) }
  }

  async #find(): Promise<{ readonly path: string; readonly version: string }> {
    if (this.#root) return this.#root
    const manifest = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
    return (this.#root = { path: join(manifest, '..'), version })
  }
}

const types: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['swagger-ui.css', 'text/css; charset=utf-8'],
])
