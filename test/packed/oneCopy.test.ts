import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePorts } from '../cli/run.ts'
import { nodes } from './nodes.ts'
import { emptyProject, type Project } from './project.ts'

/** A package of a company: plain JavaScript that imports tricube as a peer. */
const acme = {
  'node_modules/acme-auth/package.json': '{ "name": "acme-auth", "type": "module", "exports": "./index.js" }',
  'node_modules/acme-auth/index.js': `import { Forbidden } from 'tricube'
import { sql } from 'tricube/sql'
export { Forbidden, sql }
export function deny() { throw new Forbidden('acme says no') }`,
  // CommonJS beside ES modules, as older packages have it, with what bundlers prefer and Node does not know.
  'node_modules/acme-legacy/package.json': `{ "name": "acme-legacy",
    "exports": { "module": "./bundled.js", "import": "./index.mjs", "require": "./index.cjs" } }`,
  'node_modules/acme-legacy/bundled.js': `export const way = 'module'`,
  'node_modules/acme-legacy/index.mjs': `export * from 'acme-auth'; export const way = 'import'`,
  'node_modules/acme-legacy/index.cjs': `exports.Forbidden = require('tricube').Forbidden; exports.way = 'require'`,
}

const project = {
  'tricube.config.ts': `import { defineConfig, Forbidden } from 'tricube'
import * as auth from 'acme-auth'
const same: boolean = auth.Forbidden === Forbidden
export default defineConfig({ logLevel: same ? 'debug' : 'fatal', port: Number(process.env['THE_PORT']) })`,
  // A package of the workspace, in TypeScript, as a link leads to it.
  'packages/acme-contracts/package.json': '{ "name": "acme-contracts", "type": "module", "exports": "./src/index.ts" }',
  'packages/acme-contracts/src/index.ts': `import { contract, Forbidden, t } from 'tricube'
export { Forbidden }
export const copies = contract('copies-service', {
  count: { route: 'GET /count', returns: t.Record(t.String(), t.Boolean()) },
  deny: { route: 'GET /deny', errors: [Forbidden] },
  level: { route: 'GET /level', returns: t.String() },
})`,
  'copies service/service.ts': `import { createRequire } from 'node:module'
import { deny, Forbidden as acmes, sql as acmesSql } from 'acme-auth'
import { Forbidden as contracts, copies } from 'acme-contracts'
import { Forbidden as legacy, way } from 'acme-legacy'
import { Forbidden, service } from 'tricube'
import { sql } from 'tricube/sql'
const require = createRequire(import.meta.url)
export default service(copies, {
  handlers: {
    count: async () => ({
      acmes: acmes === Forbidden,
      contracts: contracts === Forbidden,
      legacy: legacy === Forbidden,
      required: require('acme-legacy').Forbidden === Forbidden,
      later: (await import('acme-auth')).Forbidden === Forbidden,
      sql: acmesSql === sql,
      asNodeChooses: (way as string) === 'import',
    }),
    deny: () => deny(),
    level: ({ log }) => (log.isLevelEnabled('debug') ? 'debug' : 'other'),
  },
})`,
}

let user: Project
beforeAll(async () => {
  user = await emptyProject()
  await user.install({ devDependencies: ['esbuild'] })
  await user.write({ ...acme, ...project })
  await symlink('../packages/acme-contracts', join(user.folder, 'node_modules/acme-contracts'))
}, 240_000)
afterAll(() => user[Symbol.asyncDispose]())

describe.each(nodes)('%s', (_, program) => {
  it('has one copy of tricube for a service, its configuration, packages and the workspace', async () => {
    const [port] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const cli = 'node_modules/tricube/dist/cli/main.js'
    const running = user.start(`'${program}' ${cli} start 'copies service'`, { THE_PORT: String(port) })
    const ask = async (path: string): Promise<unknown> => (await fetch(url + path)).json()
    await Promise.race([vi.waitFor(() => ask('/health/ready'), { timeout: 60_000, interval: 50 }), running.death])

    expect(await ask('/count')).toMatchObject({
      data: {
        acmes: true,
        contracts: true,
        legacy: true,
        required: true,
        later: true,
        sql: true,
        asNodeChooses: true,
      },
    })
    expect(await ask('/deny')).toMatchObject({ code: 40300, error: 'acme says no' })
    expect(await ask('/level')).toMatchObject({ data: 'debug' })
    await running.stop()
  }, 120_000)
})
