/**
 * The version of the Elastic Common Schema that field names follow.
 * https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html
 */
export const ecsVersion = '8.17.0'

/** The ECS names of the framework's own fields, besides `err` and `error`. */
const names: Readonly<Record<string, string>> = {
  service: 'service.name',
  operation: 'event.action',
  request_id: 'http.request.id',
  method: 'http.request.method',
  path: 'url.path',
  status: 'http.response.status_code',
  bytes: 'http.response.body.bytes',
  peer: 'client.address',
  caller: 'user.id',
  trace_id: 'trace.id',
  span_id: 'span.id',
  cause: 'error.cause',
  duration_ms: 'event.duration',
}

/** Returns the ECS name of a field. */
export function ecsName(name: string): string {
  return Object.hasOwn(names, name) ? names[name]! : name
}

/** Renames the framework's fields to ECS names; other fields keep theirs. */
export function toEcs(fields: object): Record<string, unknown> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'duration_ms') renamed[ecsName(name)] = Math.round((value as number) * 1e6)
    else if (name === 'err') Object.assign(renamed, errorFields(value))
    else if (name === 'error') renamed['error.message'] = typeof value === 'object' ? JSON.stringify(value) : value
    else renamed[ecsName(name)] = value
  }
  return renamed
}

function errorFields(error: unknown): object {
  if (typeof error !== 'object' || error === null) return { 'error.message': String(error) }
  const { type, message, stack } = error as Record<string, unknown>
  return { 'error.type': type, 'error.message': message, 'error.stack_trace': stack }
}
