import type { Addition } from './addition.ts'

/** Returns the files of a new service with one table, one operation and one test. */
export function serviceFilesOf(name: string, port: number): Addition {
  const variable = camelCase(name)
  const noun = name.replace(/-service$/, '').replaceAll('-', '_')
  const type = pascalCase(noun)
  const fields = { name, variable, noun, table: `${noun}_items`, type, port }
  return {
    files: {
      [`${name}/contract.ts`]: contractFile(fields),
      [`${name}/service.ts`]: serviceFile(fields),
      [`${name}/service.test.ts`]: testFile(fields),
      [`${name}/migrations/0001_create_${fields.table}.up.sql`]: upFile(fields),
      [`${name}/migrations/0001_create_${fields.table}.down.sql`]: `DROP TABLE ${fields.table};\n`,
    },
    next: `To call it from another service, paste:

  import { ${variable} } from '../${name}/contract.ts'

  clients: { ${camelCase(noun)}: ${variable} },

A running tricube dev starts it by itself, on port ${port}.
`,
  }
}

interface Fields {
  readonly name: string
  readonly variable: string
  readonly noun: string
  readonly table: string
  readonly type: string
  readonly port: number
}

function contractFile({ name, variable, noun, type }: Fields): string {
  return `import { contract, NotFound, t } from 'tricube'

export const ${type} = t.Object({ id: t.Int32(), name: t.String() }, { $id: '${type}' })
const New${type} = t.Object({ name: t.String({ minLength: 1, maxLength: 200 }) }, { $id: 'New${type}' })

export const ${variable} = contract('${name}', {
  create${type}: { route: 'POST /${noun.replaceAll('_', '-')}-items', body: New${type}, returns: ${type} },
  get${type}: {
    route: 'GET /${noun.replaceAll('_', '-')}-items/:id',
    params: { id: t.Int32() },
    returns: ${type},
    errors: [NotFound],
  },
})
`
}

function serviceFile({ variable, table, type, port }: Fields): string {
  return `import { NotFound, service, type Static } from 'tricube'
import { type ${type}, ${variable} } from './contract.ts'

type Row = Static<typeof ${type}>

export default service(${variable}, {
  port: ${port},
  migrations: new URL('./migrations/', import.meta.url),
  handlers: {
    create${type}: ({ body, db }) => db.one<Row>\`INSERT INTO ${table} \${db.values(body)} RETURNING id, name\`,

    async get${type}({ params, db }) {
      const row = await db.maybeOne<Row>\`SELECT id, name FROM ${table} WHERE id = \${params.id}\`
      if (!row) throw new NotFound(\`item \${params.id}\`)
      return row
    },
  },
})
`
}

function testFile({ type }: Fields): string {
  return `import { NotFound } from 'tricube'
import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'
import service from './service.ts'

it('stores an item', async () => {
  await using app = await testService(service)
  const { data } = await app.client.create${type}({ body: { name: 'first' } })
  expect((await app.client.get${type}({ params: { id: data.id } })).data).toEqual({ id: 1, name: 'first' })
  await expect(app.client.get${type}({ params: { id: 999 } })).rejects.toThrow(NotFound)
})
`
}

function upFile({ table }: Fields): string {
  return `CREATE TABLE ${table} (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(200) NOT NULL
);
`
}

/** `order-service` becomes `orderService`. */
function camelCase(name: string): string {
  return name.replaceAll(/[-_]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function pascalCase(name: string): string {
  const camel = camelCase(name)
  return camel[0]!.toUpperCase() + camel.slice(1)
}
