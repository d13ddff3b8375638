import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { contract, NotFound, t } from 'tricube'
import { fetchClient } from 'tricube/client/fetch'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { bundleForPage } from './bundle.ts'
import { callee, unusedAddress, productService } from './callee.ts'

/** Bundles the script of a page for browsers, and loads it into this process. An import of a Node module fails. */
async function bundle(
  script: string,
  tables: 'page' | 'service' = 'page',
): Promise<{ module: any; bytes: number; inputs: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-browser-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { text, inputs } = await bundleForPage(script, tables)
  const path = join(folder, 'page.mjs')
  await writeFile(path, text)
  return { module: await import(/* @vite-ignore */ pathToFileURL(path).href), bytes: Buffer.byteLength(text), inputs }
}

describe('a page', () => {
  it('has the names of error classes after minification', async () => {
    const { module } = await bundle(`
      import { Conflict, HttpError, NotFound, ServiceUnavailable } from 'tricube'
      export const names = [new NotFound('x'), new Conflict(), new ServiceUnavailable(), new HttpError(418)].map(String)
      export const own = new (class extends NotFound {})('y') instanceof NotFound
    `)
    expect(module.names).toEqual([
      'NotFound: x',
      'Conflict: Conflict',
      'ServiceUnavailable: Service Unavailable',
      'HttpError: HTTP 418',
    ])
    expect(module.own).toBe(true)
  })

  it('calls a service by its contract, without a module of Node in the bundle', async () => {
    const { module, inputs } = await bundle(`
      import { contract, NotFound, t } from 'tricube'
      import { fetchClient } from 'tricube/client/fetch'
      const products = contract('product-service', {
        getProduct: {
          route: 'GET /products/:id',
          params: { id: t.Integer() },
          returns: t.Object({ id: t.Integer(), from: t.String() }),
          errors: [NotFound],
        },
      })
      export const connect = (url) => fetchClient(products, { url, headers: () => ({ authorization: 'Bearer x' }) })
      export { NotFound }
    `)
    expect(inputs.filter((input) => /node:|undici|fastify|pino|\bpg\b/.test(input))).toEqual([])
    const a = await callee('a', ({ url }) => ({ status: url === '/products/404' ? 404 : 200 }))
    const products = module.connect(`http://${a.address}/`)
    expect(await products.getProduct({ params: { id: 1 } })).toEqual({ id: 1, from: 'a' })
    expect(a.requests[0]!.headers).toMatchObject({ authorization: 'Bearer x', 'x-request-timeout-ms': '5000' })
    await expect(products.getProduct({ params: { id: 404 } })).rejects.toBeInstanceOf(module.NotFound)
  })
})

describe('the bundle of a page', () => {
  const page = (schema: string, imports = '') => `
    import { contract, t } from 'tricube'
    import { fetchClient } from 'tricube/client/fetch'
    ${imports}
    const products = contract('product-service', { getProduct: { route: 'GET /products/:id', returns: ${schema} } })
    export const connect = (url) => fetchClient(products, { url })
  `

  it('has no Drizzle for a contract without models', async () => {
    const { bytes, inputs } = await bundle(page('t.Object({ id: t.Integer() })'))
    expect(inputs.filter((input) => /drizzle|ajv/.test(input))).toEqual([])
    expect(bytes).toBeLessThan(85_000)
  })

  const models = (from: string): string => `
    import { index, integer, pgEnum, pgTable, relations, sql, text, timestamp, uuid } from '${from}'
    import { insertSchema, selectSchema, updateSchema } from 'tricube/models'
    const mood = pgEnum('mood', ['sad', 'ok'])
    const makers = pgTable('makers', { id: uuid().defaultRandom().primaryKey(), name: text().notNull() })
    const products_ = pgTable('products', {
      id: integer().primaryKey().generatedAlwaysAsIdentity(),
      name: text().notNull(),
      mood: mood().notNull().default('ok'),
      made_at: timestamp({ withTimezone: true }).defaultNow(),
      total: integer().generatedAlwaysAs(sql\`1 + 1\`),
      maker: uuid().references(() => makers.id),
    }, (table) => [index('by_name').on(table.name).where(sql\`\${table.name} <> ''\`)])
    export const itsMaker = relations(products_, ({ one }) => ({ maker: one(makers, { fields: [products_.maker] }) }))
    export const NewProduct = insertSchema(products_, { name: { minLength: 1 } })
    export const ProductPatch = updateSchema(products_)
    export const Product = t.Pick(selectSchema(products_), ['id', 'name', 'mood', 'made_at'])`

  it('has no Drizzle for a contract whose tables come from tricube/models/pg', async () => {
    const { module, bytes, inputs } = await bundle(page('Product', models('tricube/models/pg')))
    expect(inputs.filter((input) => /drizzle|ajv|node:/.test(input))).toEqual([])
    const { bytes: without } = await bundle(page('t.Object({ id: t.Integer() })'))
    expect(bytes - without).toBeLessThan(10_000)
    const a = await callee('a', () => ({ body: { code: 0, data: { id: 1, name: 'x', mood: 'ok', made_at: null } } }))
    const product = await module.connect(`http://${a.address}`).getProduct({ params: { id: 1 } })
    expect(product).toEqual({ id: 1, name: 'x', mood: 'ok', made_at: null })
  })

  it('has the same schemas as the service, so that a form can use them', async () => {
    const light = (await bundle(page('Product', models('tricube/models/pg')))).module
    const real = (await bundle(page('Product', models('tricube/models/pg')), 'service')).module
    for (const name of ['Product', 'NewProduct', 'ProductPatch']) {
      expect(JSON.parse(JSON.stringify(light[name])), name).toEqual(JSON.parse(JSON.stringify(real[name])))
    }
  })

  it('has the same schema for every type of column', async () => {
    const types = `
      bigint({ mode: 'number' }) bigint({ mode: 'bigint' }) bigserial({ mode: 'number' }) bigserial({ mode: 'bigint' })
      boolean() char({ length: 3 }) char({ length: 3, enum: ['abc', 'xyz'] }) cidr() date() date({ mode: 'date' })
      doublePrecision() inet() integer() interval() json() jsonb() line() line({ mode: 'abc' }) macaddr() macaddr8()
      numeric() numeric({ precision: 12, scale: 2 }) numeric({ precision: 12, scale: 2, mode: 'number' })
      numeric({ precision: 20, mode: 'bigint' }) point() point({ mode: 'xy' }) geometry() geometry({ mode: 'xy' }) real()
      serial() smallint() smallserial() text() text({ enum: ['free', 'paid'] }) time() time({ withTimezone: true })
      timestamp() timestamp({ mode: 'string' }) timestamp({ withTimezone: true }) uuid() varchar() varchar({ length: 3 })
      varchar({ enum: ['free'] }) bit({ dimensions: 3 }) halfvec({ dimensions: 2 }) sparsevec({ dimensions: 2 })
      vector({ dimensions: 2 }) text('named') varchar('named', { length: 7 }) customType({ dataType: () => 'jsonb' })()
      text().array() integer().array(3).array() uuid().array().notNull() integer().notNull().default(7)
      text().$defaultFn(() => 'x') text().$onUpdate(() => 'x') integer().generatedByDefaultAsIdentity()
      text().notNull().$type() text().notNull().unique() date().defaultNow().notNull()`
    const columns = types.trim().split(/(?<=\))\s+(?=\w)/)
    expect(columns).toHaveLength(60)
    const script = `
      import { pgEnum, pgTable } from 'tricube/models/pg'
      import { insertSchema, selectSchema, updateSchema } from 'tricube/models'
      const size = pgEnum('size', { Small: 'S', Large: 'L' })
      const all = pgTable('all', (t) => ({ size: size().array(), ${columns.map((column, i) => `c${i}: t.${column}`).join(', ')} }))
      export const schemas = [insertSchema(all), selectSchema(all), updateSchema(all)]`
    const [light, real] = [await bundle(script, 'page'), await bundle(script, 'service')]
    const plain = (schemas: unknown) => JSON.parse(JSON.stringify(schemas)) as Record<string, any>[]
    const [lightSchemas, realSchemas] = [plain(light.module.schemas), plain(real.module.schemas)]
    for (const [i, { properties, required }] of realSchemas.entries()) {
      expect(lightSchemas[i]!['required']).toEqual(required)
      for (const name of Object.keys(properties)) {
        expect(lightSchemas[i]!['properties'][name], columns[Number(name.slice(1))] ?? name).toEqual(properties[name])
      }
    }
    expect(Object.keys(realSchemas[1]!['properties'])).toHaveLength(61)
  })

  it('grows by the columns of models that import Drizzle itself, not by all of it', async () => {
    const { bytes, inputs } = await bundle(
      page(
        'selectSchema(products_)',
        `import { integer, pgTable, text } from 'drizzle-orm/pg-core'
         import { selectSchema } from 'tricube/models'
         const products_ = pgTable('products', { id: integer().primaryKey(), name: text().notNull() })`,
      ),
    )
    expect(inputs.filter((input) => /ajv|node:/.test(input))).toEqual([])
    expect(bytes).toBeLessThan(120_000)
  })
})

describe('a client over fetch', () => {
  it('has the types of the contract', async () => {
    const a = await callee('a')
    const products = fetchClient(productService, { url: `http://${a.address}` })
    const product = await products.getProduct({ params: { id: 1 } })
    expectTypeOf(product).toEqualTypeOf<{ id: number; from: string }>()
    expect(await products.createProduct({ body: { name: 'x' } }, { idempotencyKey: 'k' })).toEqual({ id: 1, from: 'a' })
    expect(a.requests[1]).toMatchObject({ method: 'POST', headers: { 'idempotency-key': 'k' } })
  })

  it('rejects with the same errors as the client of Node', async () => {
    const a = await callee('a', ({ url }) => (url === '/products/7' ? 'silence' : { status: 404 }))
    const products = fetchClient(productService, { url: `http://${a.address}` })
    await expect(products.getProduct({ params: { id: 1 } })).rejects.toBeInstanceOf(NotFound)
    await expect(products.getProduct({ params: { id: 7 } }, { timeoutMs: 50 })).rejects.toMatchObject({ code: 50400 })
    const signal = AbortSignal.abort()
    await expect(products.getProduct({ params: { id: 7 } }, { signal })).rejects.toBe(signal.reason)
    const lost = fetchClient(productService, { url: `http://${await unusedAddress()}` })
    await expect(lost.getProduct({ params: { id: 1 } })).rejects.toMatchObject({ code: 50300 })
  })

  it('sends headers, and cookies when credentials are included', async () => {
    const sent: RequestInit[] = []
    const a = await callee('a', () => ({ status: 201, headers: { 'x-page': '7' } }))
    const products = fetchClient(productService, {
      url: `http://${a.address}`,
      headers: () => ({ Authorization: 'Bearer all', 'x-all': '1' }),
      credentials: 'include',
      fetch: (url, init) => {
        sent.push(init!)
        return fetch(url, init)
      },
    })
    const { getProduct } = products
    const headers = { authorization: 'Bearer one', 'X-Tenant': 't', 'x-none': undefined }
    const response = await getProduct.raw({ params: { id: 1 } }, { headers })
    expectTypeOf(response.value).toEqualTypeOf<{ id: number; from: string }>()
    expect(response).toMatchObject({ status: 201, headers: { 'x-page': '7' }, value: { id: 1, from: 'a' } })
    expect(sent[0]!.credentials).toBe('include')
    expect(a.requests[0]!.headers).toMatchObject({ authorization: 'Bearer one', 'x-tenant': 't', 'x-all': '1' })
    expect(a.requests[0]!.headers).not.toHaveProperty('x-none')
  })

  it('accepts a time limit that is longer than any timer', async () => {
    const a = await callee('a')
    for (const timeoutMs of [Infinity, 3e9]) {
      const products = fetchClient(productService, { url: `http://${a.address}`, timeoutMs })
      expect(await products.getProduct({ params: { id: 1 } })).toEqual({ id: 1, from: 'a' })
      expect(await products.getProduct({ params: { id: 1 } }, { timeoutMs })).toEqual({ id: 1, from: 'a' })
    }
  })

  it('follows no redirect', async () => {
    const a = await callee('a', () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: {} }))
    const products = fetchClient(contract('product-service', { a: { route: 'GET /a', returns: t.Null() } }), {
      url: `http://${a.address}`,
    })
    await expect(products.a()).rejects.toMatchObject({ status: 503 })
  })
})
