import type { Addition } from './addition.ts'

/** What an operation is made of. */
export interface NewOperation {
  readonly folder: string
  readonly service: string
  readonly name: string
  readonly route: string
  readonly pathParams: readonly string[]
}

/** Returns a test of a new operation, and what to paste into the contract and the service. */
export function operationFiles({ folder, service, name, route, pathParams }: NewOperation): Addition {
  const params = pathParams.map((param) => `${param}: t.String()`).join(', ')
  const input =
    pathParams.length === 0 ? '' : `{ params: { ${pathParams.map((param) => `${param}: 'x'`).join(', ')} } }`
  const contractLines = [
    `route: '${route}',`,
    ...(params === '' ? [] : [`params: { ${params} },`]),
    'returns: t.Object({ ok: t.Boolean() }),',
  ]
  return {
    files: {
      [`${folder.replace(/\/+$/, '')}/${name}.test.ts`]: `import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'
import service from './service.ts'

it('responds to ${name}', async () => {
  await using app = await testService(service)
  const { data } = await app.client.${name}(${input})
  expect(data).toEqual({ ok: true })
})
`,
    },
    next: `Paste into the operations of ${service} in contract.ts:

  ${name}: {
${contractLines.map((line) => `    ${line}`).join('\n')}
  },

Paste into its handlers in service.ts:

  ${name}: () => ({ ok: true }),
`,
  }
}
