import type { Contract } from '../contract/contract.ts'
import { publicOperations } from '../contract/operation.ts'
import { parseRoute } from '../contract/route.ts'
import { Components } from './components.ts'
import { ErrorResponses } from './errors.ts'
import { describeOperation, wildcard } from './operation.ts'
import { securitySchemesOf } from './security.ts'
import type { OpenApiDocument, OpenApiOperation, OpenApiServer } from './types.ts'

export type { OpenApiDocument, OpenApiServer }

/** Options of `openapiDocument`. */
export interface OpenApiOptions {
  /** The version of the service. Default: the contract's, else `1.0.0`. */
  readonly version?: string
  /** The URLs of the service. Default: the origin of the document. */
  readonly servers?: readonly OpenApiServer[]
  /** The audience: `public` leaves out `internal` operations. Default `internal`: all operations. */
  readonly audience?: 'public' | 'internal'
}

/**
 * Returns the OpenAPI 3.1 document of a contract. The same contract gives the same document, key for key.
 *
 * @throws {TypeError} when two different schemas have the same `$id`
 *
 * @example
 * await writeFile('openapi.json', JSON.stringify(openapiDocument(userService), null, 2))
 */
export function openapiDocument(contract: Contract, options: OpenApiOptions = {}): OpenApiDocument {
  const { name, title = name, description, envelope } = contract
  const { version = contract.version ?? '1.0.0', servers = [{ url: '/' }], audience = 'internal' } = options
  const operations = audience === 'public' ? publicOperations(contract.operations) : contract.operations
  const components = new Components()
  const errors = new ErrorResponses(components)
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  const tags = new Set<string>()

  const templates = new Map<string, string>()
  for (const [operationId, operation] of Object.entries(operations)) {
    const { method, path } = parseRoute(operation.route)
    // Paths that differ only in the names of their parameters are one path (OAS 3.1, 4.8.8.2): the first one.
    const pattern = path.replaceAll(/:\w+/g, ':')
    const template = templates.get(pattern) ?? path
    templates.set(pattern, template)
    const methods = (paths[template.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, `{${wildcard}}`)] ??= {})
    const pathNames = parseRoute(`${method} ${template}`).pathParams
    methods[method.toLowerCase()] = describeOperation(operationId, operation, {
      envelope,
      components,
      errors,
      pathNames,
      operations: contract.operations,
    })
    for (const tag of operation.tags ?? []) tags.add(tag)
  }

  const securitySchemes = securitySchemesOf(operations)
  return {
    openapi: '3.1.1',
    info: { title, version, ...(description !== undefined && { description }) },
    servers,
    ...(tags.size > 0 && { tags: [...tags].map((tag) => ({ name: tag })) }),
    paths,
    components: { responses: errors.all(), schemas: components.all(), ...(securitySchemes && { securitySchemes }) },
  }
}
