import type { TProperties, TSchema } from '@sinclair/typebox'
import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { onTestFinished } from 'vitest'

export interface Result {
  readonly status: number
  /** The input of the handler; undefined when it was not called. */
  readonly input?: any // oxlint-disable-line no-explicit-any
  /** `path message` of each problem. */
  readonly problems: readonly string[]
}

/** A service of one operation for each body; calls one of them. */
export async function bodies<Name extends string>(
  schemas: Record<Name, TSchema>,
): Promise<(name: Name, body: unknown) => Promise<Result>> {
  const names = Object.keys(schemas) as Name[]
  const operations = Object.fromEntries(
    names.map((name) => [name, { route: `POST /${name}` as const, body: schemas[name], returns: t.Any() }]),
  )
  const handlers = Object.fromEntries(names.map((name) => [name, ({ body }: { body: unknown }) => ({ input: body })]))
  const app = await testService(service(contract('thing-service', operations), { handlers }))
  onTestFinished(() => app.close())
  return async (name, body) => {
    const payload = typeof body === 'string' && isJson(body) ? body : JSON.stringify(body)
    return resultOf(
      await app.inject({ method: 'POST', url: `/${name}`, headers: { 'content-type': 'application/json' }, payload }),
    )
  }
}

/** A service of one operation `GET /things/:id` with these inputs; calls it. */
export async function texts(inputs: {
  params?: TProperties
  query?: TProperties
  headers?: TProperties
}): Promise<(url: string, headers?: Record<string, string>) => Promise<Result>> {
  const params: Record<'id', TSchema> = { id: inputs.params?.['id'] ?? t.String() }
  const { query = {}, headers = {} } = inputs
  const getThing = { route: 'GET /things/:id', params, query, headers, returns: t.Any() } as const
  const app = await testService(
    service(contract('thing-service', { getThing }), {
      handlers: { getThing: ({ params, query, headers }) => ({ input: { params, query, headers } }) },
    }),
  )
  onTestFinished(() => app.close())
  return async (url, headers = {}) => resultOf(await app.inject({ method: 'GET', url, headers }))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function resultOf(response: { statusCode: number; json(): unknown }): Result {
  const { data, error } = response.json() as { data?: { input: unknown }; error?: unknown }
  const problems = Array.isArray(error) ? error.map(({ path, message }) => (path ? `${path} ${message}` : message)) : []
  return {
    status: response.statusCode,
    problems: typeof error === 'string' ? [error] : problems,
    ...(data && { input: data.input }),
  }
}
