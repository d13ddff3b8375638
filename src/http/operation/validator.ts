import type { FastifyRequest } from 'fastify'
import { emptyBodies } from '../bodies/bodyReader.ts'
import type { ReceivedParts } from '../bodies/multipart.ts'
import { bodyRuleOf, formFieldsOf, type BodyForm } from '../../contract/body.ts'
import { partsOf } from '../../contract/multipart.ts'
import type { Operation } from '../../contract/operation.ts'
import { compileReadCursor } from './cursor.ts'
import { BadRequest, codes, NotFound, PreconditionRequired } from '../../contract/errors.ts'
import { queryOf } from '../../contract/response.ts'
import { parseRoute } from '../../contract/route.ts'
import { jsonSchemaOf } from '../../schema/schema.ts'
import { compileConvert } from '../../schema/standard/convert.ts'
import { jsonOf, objectSchema } from '../../schema/standard/json.ts'
import type { Schema } from '../../schema/standard/spec.ts'
import { compileCheck, compileTextCheck, type Check } from '../../schema/validator/check.ts'
import { checkPatterns } from '../../schema/validator/patterns.ts'
import type { ValueProblem } from '../../schema/validator/problems.ts'
import { maxProblems } from '../../schema/validator/work.ts'

/** A fault of a request, as its caller gets it. */
export interface Problem extends ValueProblem {
  readonly in: 'params' | 'query' | 'headers' | 'body'
}

/** Parses and checks a request in place. */
export type Validator = (request: FastifyRequest) => void

/**
 * Compiles the validator of an operation.
 *
 * It throws `BadRequest` 40002 with a list of all faults in params, query, headers and body, or 40001 when the body is
 * missing. It throws `NotFound` 40401 when a path parameter is empty, because `/users/` is not the path of a user.
 */
export function compileValidator(operation: Operation): Validator {
  const { route, params, headers, body, etag } = operation
  const pathParams = parseRoute(route).pathParams.filter((name) => name !== '*')
  checkInputs(operation)
  const needsVersion = etag === 'required'
  const checkParams = params && compileTextCheck(params, 'any', 'path')
  const checkRest = operation.route.endsWith('/*') ? restProblems : undefined
  const query = queryOf(operation)
  const checkQuery = query ? compileTextCheck(query, 'only known', 'query') : rejectQuery
  const readCursor = compileReadCursor(operation)
  const checkHeaders = headers && compileTextCheck(headers, 'any', 'headers')
  const { form } = body ? bodyRuleOf(body) : { form: 'json' as const }
  const checkBody = body && compileBodyCheck[form](body)
  const convertBody = compileConvert(body)
  const emptyBody = emptyBodies[form]
  const isMultipart = form === 'multipart'

  return function validate(request) {
    for (const name of pathParams) if ((request.params as PathParams)[name] === '') throw noSuchRoute(request)
    if (needsVersion) requireVersion(request)
    let problems: Problem[] | undefined
    let failed = checkParams?.(request.params)
    if (failed) problems = add(problems, 'params', failed)
    if ((failed = checkRest?.(request.params))) problems = add(problems, 'params', failed)
    if ((failed = checkQuery(request.query) ?? readCursor?.(request.query))) problems = add(problems, 'query', failed)
    if ((failed = checkHeaders?.(request.headers))) problems = add(problems, 'headers', failed)
    if (checkBody) {
      if (request.body === undefined) request.body = emptyBody?.() ?? missingBody(form)
      if ((failed = checkBody(request.body))) problems = add(problems, 'body', failed)
      else if (isMultipart) request.body = valuesOf(request.body as ReceivedParts, body)
      else if (convertBody) {
        const conversion = convertBody(request.body)
        if (conversion.problems) problems = add(problems, 'body', conversion.problems)
        else request.body = conversion.value
      }
    }
    if (problems) throw new BadRequest(problems.slice(0, maxProblems), { code: codes.validation })
  }
}

const compileBodyCheck: Readonly<Record<BodyForm, (body: Schema) => Check>> = {
  json: (body) => compileCheck(body, 'only known'),
  raw: () => () => undefined,
  upload: () => () => undefined,
  multipart: compileMultipartCheck,
  text: (body) => compileCheck(body, 'any'),
  form: (body) => compileTextCheck(formFieldsOf(body), 'only known', 'query'),
}

function missingBody(form: BodyForm): never {
  throw new BadRequest(`a ${form === 'json' ? 'JSON' : form} body is required`, { code: codes.malformed })
}

function compileMultipartCheck(body: Schema): Check {
  const { fields, files } = partsOf(body)
  const checkFields = compileTextCheck(fields, 'only known', 'query')
  const required = Object.entries(files).flatMap(([name, { optional, max }]) =>
    optional || max !== undefined ? [] : [name],
  )
  return (value) => {
    const received = value as ReceivedParts
    const missing = required.filter((name) => !received.files.has(name))
    const problems = [
      ...(checkFields(received.fields) ?? []),
      ...missing.map((path) => ({ path, message: 'is required, as a file' })),
    ]
    return problems.length > 0 ? problems : undefined
  }
}

/** Returns what the handler gets: fields and files by name. */
function valuesOf({ fields, files }: ReceivedParts, body: Schema): Record<string, unknown> {
  const values: Record<string, unknown> = { ...fields }
  for (const [name, { max }] of Object.entries(partsOf(body).files)) {
    const all = files.get(name) ?? []
    values[name] = max === undefined ? all[0] : all
  }
  return values
}

/** @throws {PreconditionRequired} when a caller could overwrite a version that it has not seen */
function requireVersion({ headers }: FastifyRequest): void {
  if (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined) return
  throw new PreconditionRequired('send if-match with the etag that you have read')
}

type PathParams = Readonly<Record<string, unknown>>

function noSuchRoute({ method, url }: FastifyRequest): NotFound {
  return new NotFound(`${method} ${url.split('?', 1)[0]}`, { code: codes.noSuchRoute })
}

/** @throws {TypeError} when a pattern could take too long, with the path of the field */
function checkInputs({ params = {}, query = {}, headers = {}, body }: Operation): void {
  const parts = {
    params: objectSchema(params),
    query: objectSchema(query),
    headers: objectSchema(headers),
    body: body && jsonOf(body, 'input'),
  }
  for (const [part, schema] of Object.entries(parts)) if (schema) checkPatterns(jsonSchemaOf(schema), part)
}

/** Rejects the rest of a path that leads elsewhere when a handler takes it for the path of a file. */
function restProblems(params: unknown): readonly ValueProblem[] | undefined {
  const rest = (params as { readonly '*': unknown })['*']
  if (typeof rest !== 'string' || !/(^|[/\\])\.{1,2}([/\\]|$)|\0/.test(rest)) return undefined
  return [{ path: '*', message: 'must not have the segment . or .., or a NUL' }]
}

/** Rejects any query of an operation that has none. */
function rejectQuery(query: unknown): readonly ValueProblem[] | undefined {
  let problems: ValueProblem[] | undefined
  for (const name in query as object) (problems ??= []).push({ path: name, message: 'is not a known field' })
  return problems
}

function add(problems: Problem[] = [], where: Problem['in'], found: readonly ValueProblem[]): Problem[] {
  for (const problem of found) problems.push({ in: where, ...problem })
  return problems
}
