import type { FastifyRequest } from 'fastify'
import { BadRequest } from '../contract/errors.ts'

/**
 * Returns an error for a query with a parameter `__proto__` or `constructor`, and for a path parameter `__proto__`. A handler
 * might copy the query, or use the parameter as a key. Such bodies are rejected by their parser, such headers before routing.
 */
export function prototypeError(request: FastifyRequest): BadRequest | undefined {
  for (const name in request.query as object) if (name === '__proto__' || name === 'constructor') return inQuery
  const params = request.params as Record<string, string>
  for (const name in params) if (params[name] === '__proto__') return inPath
  return undefined
}

const inQuery = new BadRequest('the query names __proto__ or constructor')
const inPath = new BadRequest('the path names __proto__')
