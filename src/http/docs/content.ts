import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contract } from '../../contract/contract.ts'
import { ownFolder, ownVersion } from '../../load/own.ts'
import { openapiDocument, type OpenApiOptions } from '../../openapi/document.ts'
import type { Asset } from './asset.ts'
import type { DocsLogin } from './login.ts'
import { pageIcon, pageOf, pageScript, pageStyle } from './page.ts'

/** The document of a contract, and the page that shows it. */
export class Content {
  /** Changes with the files. It is part of their URLs, so that browsers can keep them for good. */
  readonly version: string = `${ownVersion}-${digest}`
  readonly #contract: Contract
  readonly #options: OpenApiOptions
  #specification: string | undefined

  constructor(contract: Contract, options: OpenApiOptions) {
    this.#contract = contract
    this.#options = options
  }

  /** Returns the contract as OpenAPI. It is written once. */
  specification(): Asset {
    this.#specification ??= JSON.stringify(openapiDocument(this.#contract, this.#options))
    return { type: 'application/json; charset=utf-8', body: this.#specification }
  }

  /** Returns the HTML of the page. */
  page(login: DocsLogin | undefined): Asset {
    const { title, name } = this.#contract
    return { type: 'text/html; charset=utf-8', body: pageOf(title ?? name, this.version, login) }
  }

  /** Reads a file of the page; `undefined` when it has none of that name. */
  async file(name: string): Promise<Asset | undefined> {
    const type = swaggerUi.get(name)
    return type === undefined ? own.get(name) : { type, body: await readFile(join(ownFolder(), 'swagger-ui', name)) }
  }
}

const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

/** Files of Swagger UI, which scripts/build.mjs puts into the package. */
const swaggerUi: ReadonlyMap<string, string> = new Map([
  ['swagger-ui-bundle.js', script],
  ['swagger-ui.css', style],
])

const own: ReadonlyMap<string, Asset> = new Map([
  ['icon.svg', { type: 'image/svg+xml', body: pageIcon }],
  ['page.css', { type: style, body: pageStyle }],
  ['page.js', { type: script, body: pageScript }],
])

const digest = createHash('sha256')
  .update([...own.values()].map(({ body }) => body).join(''))
  .digest('base64url')
  .slice(0, 8)
