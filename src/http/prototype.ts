import type { FastifyRequest } from 'fastify'
import { BadRequest } from '../contract/errors.ts'

/**
 * What is wrong with a query that has a parameter `__proto__` or `constructor`, or with a path parameter `__proto__`: a
 * handler might copy the one or use the other as a key. Bodies are refused by their parser, headers before they are routed.
 */
export function prototypeError(request: FastifyRequest): BadRequest | undefined {
  for (const name in request.query as object) if (name === '__proto__' || name === 'constructor') return inQuery
  const params = request.params as Record<string, string>
  for (const name in params) if (params[name] === '__proto__') return inPath
  return undefined
}

const inQuery = new BadRequest('the query names __proto__ or constructor')
const inPath = new BadRequest('the path names __proto__')
