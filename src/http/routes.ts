import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import { ContractError } from '../contract/check.ts'
import type { Contract } from '../contract/contract.ts'
import type { Operation } from '../contract/operation.ts'
import { parseRoute } from '../contract/route.ts'
import { compileEncoder, type Encoder } from './encoder.ts'
import { compileValidator, type Validator } from './validator.ts'

/** Runs an operation on a request whose input has been checked. */
export type Run = (request: FastifyRequest, reply: FastifyReply) => unknown

/** What routes are made of. */
export interface RouteParts {
  readonly contract: Contract
  /** Compiles the function behind an operation. */
  readonly run: (name: string, operation: Operation) => Run
  /** Compiles what is called at the beginning of an operation's requests. */
  readonly onRequest: (name: string, operation: Operation) => onRequestHookHandler[]
  /** Sees each value before it is written; throws when it breaks the contract. */
  readonly checkResponse: ((operation: string, value: unknown) => void) | undefined
}

/**
 * Compiles the operations of a contract into routes at once, and returns what adds them to Fastify.
 *
 * They are added as a plugin, behind all that have been registered by then: those see each route in their `onRoute`.
 */
export function compileRoutes(fastify: FastifyInstance, parts: RouteParts): () => void {
  const hooks = watchPreSerialization(fastify)
  const routes = Object.keys(parts.contract.operations).map((name) => compileRoute(name, parts, hooks))
  return () => {
    fastify.register((instance, _options, done) => {
      instance.addHook('onRoute', (route) => void (hooks.preSerialization ||= route.preSerialization !== undefined))
      for (const route of routes) instance.route(route)
      done()
    })
  }
}

/** Whether a plugin wants to see what is answered before it is text. */
interface Hooks {
  preSerialization: boolean
}

/** Fastify does not tell which hooks there are. */
function watchPreSerialization(fastify: FastifyInstance): Hooks {
  const hooks: Hooks = { preSerialization: false }
  const addHook = Reflect.get(fastify, 'addHook') as Function
  // Each plugin has an instance of its own that inherits this.
  fastify.addHook = function (this: FastifyInstance, name: string, hook: unknown) {
    hooks.preSerialization ||= name === 'preSerialization'
    return Reflect.apply(addHook, this, [name, hook])
  } as FastifyInstance['addHook']
  return hooks
}

/** Compiles an operation once into the one function that answers it. */
function compileRoute(
  name: string,
  { contract, run, onRequest, checkResponse }: RouteParts,
  hooks: Hooks,
): RouteOptions {
  const operation = contract.operations[name]!
  const { method, path } = parseRoute(operation.route)
  const status = operation.status ?? 200
  const hasBody = status !== 204 && status !== 205
  const { validate, encode } = compileSchemas(contract, name)
  const execute = run(name, operation)

  return {
    method,
    url: path,
    config: { operation: name },
    onRequest: onRequest(name, operation),
    handler(request: FastifyRequest, reply: FastifyReply) {
      validate?.(request)
      const value = execute(request, reply)
      // A promise only where there is one already: it is a tenth of the smallest request.
      return isThenable(value)
        ? value.then((settled) => answer(request, reply, settled))
        : answer(request, reply, value)
    },
  }

  function answer(request: FastifyRequest, reply: FastifyReply, value: unknown): unknown {
    if (reply.sent) return reply
    checkResponse?.(name, value)
    reply.statusCode = status
    if (!hasBody) return reply.send()
    reply.header('content-type', 'application/json; charset=utf-8')
    if (hooks.preSerialization && typeof value === 'object' && value !== null) {
      // Fastify shows its hooks nothing that is text already.
      reply.serializer((shown: unknown) => encode(shown, request.query))
      return value
    }
    return encode(value, request.query)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

function compileSchemas(
  { name, operations, envelope }: Contract,
  key: string,
): { validate: Validator | undefined; encode: Encoder } {
  const operation = operations[key]!
  try {
    return { validate: compileValidator(operation), encode: compileEncoder(operation, envelope) }
  } catch (cause) {
    throw new ContractError(`${name}.${key}: ${(cause as Error).message}`, { cause })
  }
}
