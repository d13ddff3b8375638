import type { FastifyInstance, onRequestHookHandler, RouteHandlerMethod, RouteOptions } from 'fastify'
import type { Operations } from '../../contract/operation.ts'
import { parseRoute } from '../../contract/route.ts'
import type { BodyReader } from '../bodies/bodyReader.ts'
import type { PreSerialization } from './preSerialization.ts'

/** What the routes of a contract depend on. */
export interface ContractRoutes {
  readonly operations: Operations
  readonly trailingSlash?: 'never' | 'optional' | undefined
}

/** The hooks and the handler of an operation. */
export interface OperationHooks {
  /** Run before the body is read. */
  readonly onRequest: onRequestHookHandler[]
  readonly handler: RouteHandlerMethod
  /** How its body is read; undefined for plain JSON and without a body. */
  readonly bodyReader: BodyReader | undefined
}

/**
 * Adds a route for each operation.
 *
 * They are added as a plugin after all that are registered by then, whose `onRoute` hooks thus see each route.
 */
export function addRoutes(
  fastify: FastifyInstance,
  { operations, trailingSlash }: ContractRoutes,
  hooksOf: (name: string) => OperationHooks,
  preSerialization: PreSerialization,
): void {
  const routes = Object.entries(operations).flatMap(([name, { route }]) => {
    const { method, path } = parseRoute(route)
    const { bodyReader, onRequest, handler } = hooksOf(name)
    const options = { method, url: path, config: { operation: name }, onRequest, handler }
    const hasOther = trailingSlash === 'optional' && path !== '/' && !path.endsWith('*')
    const urls = hasOther ? [path, `${path}/`] : [path]
    return urls.map((url) => ({ options: { ...options, url }, bodyReader }))
  })
  fastify.register((instance, _options, done) => {
    preSerialization.watchRoutes(instance)
    for (const { options, bodyReader } of routes) {
      if (bodyReader) addWithBody(instance, options, bodyReader)
      else instance.route(options)
    }
    done()
  })
}

/** Adds a route to an instance of its own, whose parsers are for its body alone. */
function addWithBody(
  parent: FastifyInstance,
  options: RouteOptions & { readonly onRequest: readonly onRequestHookHandler[] },
  { onRequest, preParsing, onSend, bodyLimit, addParsers }: BodyReader,
): void {
  parent.register((instance, _options, done) => {
    addParsers(instance)
    instance.route({
      ...options,
      onRequest: [...options.onRequest, onRequest],
      ...(preParsing && { preParsing }),
      ...(onSend && { onSend }),
      bodyLimit,
    })
    done()
  })
}
