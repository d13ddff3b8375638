import type { ErrorObject, ValidateFunction } from 'ajv'
import type { FastifyRequest } from 'fastify'
import type { Operation } from '../contract/operation.ts'
import { BadRequest, codes } from '../contract/errors.ts'
import { pageProperties } from '../contract/page.ts'
import { objectSchema, type TSchema } from '../contract/schema.ts'
import { compileCoercing, compileExact, compileFirst } from './ajv.ts'
import { bodyBytesOf } from './body.ts'

/** One thing that is wrong with a request, as the caller is told. */
export interface Problem {
  readonly in: 'params' | 'query' | 'headers' | 'body'
  /** The field, for example `address.street` or `tags.0`; empty for the whole. */
  readonly path: string
  readonly message: string
}

/** Coerces and checks a request in place. */
export type Validator = (request: FastifyRequest) => void

/** A body over this is checked up to its first problem: a list of everything wrong in 1 MiB is an attack's goal. */
const fullReportBytes = 64 * 1024
/** A list of problems ends here. */
const maxProblems = 100

/**
 * Compiles what an operation takes into one function.
 *
 * The function throws `BadRequest` 40002 with a list of every problem in params, query, headers and body, or 40001
 * when a body is due and none came.
 */
export function compileValidator({ params, query, headers, body, paginated }: Operation): Validator | undefined {
  const checkParams = params && compileCoercing(objectSchema(params))
  const queryProperties = paginated ? { ...query, ...pageProperties } : query
  const checkQuery = queryProperties && compileCoercing(objectSchema(queryProperties))
  const checkHeaders = headers && compileCoercing(objectSchema(headers))
  const checkBody = body && compileBody(body)
  if (!checkParams && !checkQuery && !checkHeaders && !checkBody) return undefined

  return function validate(request) {
    let problems: Problem[] | undefined
    if (checkParams && !checkParams(request.params)) problems = add(problems, 'params', checkParams)
    if (checkQuery && !checkQuery(request.query)) problems = add(problems, 'query', checkQuery)
    if (checkHeaders && !checkHeaders(request.headers)) problems = add(problems, 'headers', checkHeaders)
    if (checkBody) {
      if (request.body === undefined) throw new BadRequest('a JSON body is due', { code: codes.malformed })
      const failed = checkBody(request)
      if (failed) problems = add(problems, 'body', failed)
    }
    if (problems) throw new BadRequest(problems.slice(0, maxProblems), { code: codes.validation })
  }
}

/** Returns the check that failed, with its errors. */
function compileBody(schema: TSchema): (request: FastifyRequest) => ValidateFunction | undefined {
  const checkAll = compileExact(schema)
  let checkFirst: ValidateFunction | undefined
  return (request) => {
    const check = bodyBytesOf(request) > fullReportBytes ? (checkFirst ??= compileFirst(schema)) : checkAll
    return check(request.body) ? undefined : check
  }
}

function add(problems: Problem[] = [], where: Problem['in'], { errors }: ValidateFunction): Problem[] {
  for (const error of errors ?? []) problems.push(problemOf(where, error))
  return problems
}

function problemOf(where: Problem['in'], { instancePath, keyword, params, message }: ErrorObject): Problem {
  const parts = instancePath.split('/').slice(1).map(unescapePointer)
  switch (keyword) {
    case 'required':
      return { in: where, path: [...parts, params['missingProperty']].join('.'), message: 'is required' }
    case 'additionalProperties':
      return { in: where, path: [...parts, params['additionalProperty']].join('.'), message: 'is not a known field' }
    case 'unevaluatedProperties':
      return { in: where, path: [...parts, params['unevaluatedProperty']].join('.'), message: 'is not a known field' }
    case 'enum':
      return { in: where, path: parts.join('.'), message: `must be one of ${params['allowedValues'].join(', ')}` }
    default:
      return { in: where, path: parts.join('.'), message: message ?? keyword }
  }
}

/** RFC 6901, 4. */
function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}
