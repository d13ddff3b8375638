import type { SentUser } from '../model/sentRequest.ts'
import type { ServiceRow } from '../model/state.ts'
import { certificateFlags, shellWord } from './curl.ts'
import type { OtherBody, TryOperation } from './operations.ts'

/** A filled form. */
export interface Filled {
  /** By `in` and name: `path id`. */
  readonly values: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The path with its parameters and its query. */
export function pathOf({ path, parameters }: TryOperation, { values }: Filled): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(values[`path ${name}`] ?? ''))
  const query = parameters.flatMap(({ name, in: where }) => {
    const value = where === 'query' ? values[`query ${name}`] : undefined
    return value ? [[name, value]] : []
  })
  return query.length > 0 ? `${filled}?${new URLSearchParams(query).toString()}` : filled
}

/** The headers of a request: those of the operation, and those that were added. */
export function headersOf(
  { parameters, body }: TryOperation,
  { values, headers, body: text }: Filled,
): Record<string, string> {
  const own = parameters.flatMap(({ name, in: where }) => {
    const value = where === 'header' ? values[`header ${name}`] : undefined
    return value ? [[name, value] as const] : []
  })
  return { ...(body && text.trim() && { 'content-type': 'application/json' }), ...Object.fromEntries(own), ...headers }
}

/** The request as code: for a shell, for any JavaScript, and for a service with a typed client. */
export function snippetsOf(
  operation: TryOperation,
  filled: Filled,
  { url = 'http://localhost', certificates }: Pick<ServiceRow, 'url' | 'certificates'>,
  as?: SentUser,
): Readonly<Record<'curl' | 'fetch' | 'client', string>> {
  const address = url + pathOf(operation, filled)
  const headers = headersOf(operation, filled)
  const hasBody = operation.body !== undefined && filled.body.trim() !== ''
  const flags = [
    ...(operation.method === 'GET' ? [] : [`-X ${operation.method}`]),
    ...certificateFlags(certificates),
    shellWord(address),
    ...Object.entries(headers).map(([name, value]) => `-H ${shellWord(`${name}: ${value}`)}`),
    ...(as ? [`-H "authorization: Bearer $(${tokenCommand(as)})"`] : []),
    ...(hasBody ? [`-d ${shellWord(filled.body)}`] : []),
    ...(operation.otherBody ? bodyFlags(operation.otherBody) : []),
  ]
  const init = {
    ...(operation.method !== 'GET' && { method: operation.method }),
    ...(Object.keys(headers).length > 0 && { headers }),
  }
  const lines = [
    ...Object.entries(init).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},`),
    ...(hasBody ? [`  body: JSON.stringify(${filled.body}),`] : []),
    ...(operation.otherBody ? ['  body, // a File, a FormData, URLSearchParams or text'] : []),
  ]
  return {
    curl: `curl ${flags.join(' \\\n  ')}`,
    fetch: `const response = await fetch(${JSON.stringify(address)}${lines.length > 0 ? `, {\n${lines.join('\n')}\n}` : ''})\nconst { data } = await response.json()`,
    client: clientCall(operation, filled, hasBody),
  }
}

/** The body is read from a file. */
function bodyFlags({ types }: OtherBody): readonly string[] {
  const [type] = types as readonly [string]
  if (type === 'multipart/form-data') return ['-F name=value', '-F file=@file']
  return [`-H ${shellWord(`content-type: ${type}`)}`, '--data-binary @file']
}

function tokenCommand({ user, scopes }: SentUser): string {
  const flags = ['--user', shellWord(user), ...(scopes.length > 0 ? ['--scopes', shellWord(scopes.join(','))] : [])]
  return `npx tricube token ${flags.join(' ')}`
}

function clientCall({ service, name, parameters }: TryOperation, { values, body }: Filled, hasBody: boolean): string {
  const of = (where: string): string | undefined => {
    const entries = parameters.flatMap(({ name, in: at, schema }) => {
      const value = at === where ? values[`${where} ${name}`] : undefined
      if (!value) return []
      const isText = schema?.['type'] !== 'integer' && schema?.['type'] !== 'number' && schema?.['type'] !== 'boolean'
      return `${/^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name)}: ${isText ? JSON.stringify(value) : value}`
    })
    return entries.length > 0 ? `{ ${entries.join(', ')} }` : undefined
  }
  const [params, query, headers] = [of('path'), of('query'), of('header')]
  const parts = [
    ...(params ? [`params: ${params}`] : []),
    ...(query ? [`query: ${query}`] : []),
    ...(headers ? [`headers: ${headers}`] : []),
    ...(hasBody ? [`body: ${body}`] : []),
  ]
  const client = service.replace(/-service$/, '').replaceAll(/[^\w]+(\w)/g, (_, letter: string) => letter.toUpperCase())
  return `// clients: { ${client}: … }, in the options of your service\nconst result = await clients.${client}.${name}(${parts.length > 0 ? `{ ${parts.join(', ')} }` : ''})`
}
