import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Contract } from '../../contract/contract.ts'
import { openapiDocument, type OpenApiOptions } from '../../openapi/document.ts'
import type { Answer } from './answer.ts'
import { pageIcon, pageOf, pageScript, pageStyle } from './page.ts'

/** What is answered about a contract. */
export class Content {
  /** Swagger UI's version and a digest of the files beside it: with it in their URLs, files can be kept for good. */
  readonly version: string
  readonly #contract: Contract
  readonly #options: OpenApiOptions
  readonly #folder: string
  #specification: string | undefined

  private constructor(contract: Contract, options: OpenApiOptions, folder: string, version: string) {
    this.#contract = contract
    this.#options = options
    this.#folder = folder
    this.version = version
  }

  /**
   * Finds Swagger UI on this machine: the files of `@fastify/swagger-ui`, which are without the analytics that come with
   * `swagger-ui-dist`. Its code is never loaded.
   */
  static async of(contract: Contract, options: OpenApiOptions): Promise<Content> {
    const manifest = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
    return new Content(contract, options, join(manifest, '../static'), `${version}-${ownDigest}`)
  }

  /** The contract as OpenAPI; made once. */
  specification(): Answer {
    this.#specification ??= JSON.stringify(openapiDocument(this.#contract, this.#options))
    return { type: 'application/json; charset=utf-8', body: this.#specification }
  }

  /** The page itself. */
  page(): Answer {
    const { title, name } = this.#contract
    return { type: 'text/html; charset=utf-8', body: pageOf(title ?? name, this.version) }
  }

  /** A file that the page asks for; `undefined` when it has no use for one of that name. */
  async file(name: string): Promise<Answer | undefined> {
    const type = swaggerUi.get(name)
    return type === undefined ? own.get(name) : { type, body: await readFile(join(this.#folder, name)) }
  }
}

const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

const swaggerUi: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', script],
  ['swagger-ui.css', style],
])

const own: ReadonlyMap<string, Answer> = new Map([
  ['icon.svg', { type: 'image/svg+xml', body: pageIcon }],
  ['page.css', { type: style, body: pageStyle }],
  ['page.js', { type: script, body: pageScript }],
])

const ownDigest = createHash('sha256')
  .update([...own.values()].map(({ body }) => body).join(''))
  .digest('base64url')
  .slice(0, 8)
