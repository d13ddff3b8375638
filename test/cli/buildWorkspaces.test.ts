import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { nodes } from '../packed/nodes.ts'
import { imageOf, run } from './buildImage.ts'
import { build, serviceOf } from './buildProject.ts'
import { folderOf, freePorts } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A service that imports a contract of the workspace `packages/contracts`, and the package `unit` in its version 2. */
const orders = {
  'packages/contracts/package.json': JSON.stringify({
    name: '@food/contracts',
    version: '1.0.0',
    type: 'module',
    exports: { './*': './src/*.ts' },
  }),
  'packages/contracts/src/orders.ts': `import { contract, t } from 'tricube'
    export const name: string = 'orders'
    export const orders = contract('orders', { get: { route: 'GET /version', returns: t.String(), auth: 'public' } })`,
  'services/orders/package.json': JSON.stringify({
    name: '@food/orders',
    version: '1.0.0',
    type: 'module',
    dependencies: { '@food/contracts': '*', unit: 'file:../../vendor/unit-2.tgz' },
  }),
  'services/orders/service.ts': `import { orders } from '@food/contracts/orders'
    import { service } from 'tricube'
    import { version } from 'unit'
    export default service(orders, { handlers: { get: () => version } })`,
}

const workspaces = ['packages/*', './services/**', '!services/old']

describe('a project with workspaces', () => {
  it('starts in its image, with its own packages and those that npm nests', async () => {
    const cwd = await folderOf({
      ...orders,
      'package.json': JSON.stringify({
        name: 'food',
        type: 'module',
        workspaces,
        dependencies: { unit: 'file:vendor/unit-1.tgz' },
      }),
      'services/orders/deep/package.json': '{ "name": "@food/deep", "version": "1.0.0" }',
      'services/old/package.json': '{ "name": "@food/old", "version": "1.0.0" }',
      'other/package.json': '{ "name": "@food/other", "version": "1.0.0" }',
    })
    for (const version of [1, 2]) await pack(cwd, version)
    run('npm install --no-audit --no-fund', cwd)
    await linkTricube(cwd)
    expect(await build(cwd, 'services')).toMatchObject({ code: 0, stderr: '' })
    expect(await copied(cwd)).toEqual([
      'COPY package.json package-lock.json ./',
      'COPY packages/contracts/package.json ./packages/contracts/',
      'COPY services/orders/package.json ./services/orders/',
      'COPY services/orders/deep/package.json ./services/orders/deep/',
      'COPY vendor/unit-1.tgz vendor/unit-2.tgz ./vendor/',
      'COPY --from=dependencies /app ./',
      'COPY . .',
    ])
    const app = await imageOf(cwd)
    await linkTricube(app)
    expect(await responseOf(app, 'services/orders')).toMatchObject({ data: '2' })
  })

  it('is found in pnpm-workspace.yaml', async () => {
    const services = { 'services/orders/service.mjs': serviceOf('orders', '') }
    const manifest = (dependencies: object): string => JSON.stringify({ dependencies })
    const cwd = await folderOf({
      ...services,
      'package.json': '{ "name": "food" }',
      'pnpm-lock.yaml': '',
      'pnpm-workspace.yaml': `catalog:\n  a: 1\npackages: # ours\n  # all\n  - 'packages/**'\n  - "services/{orders,users}"\n  - apps/* # web\n  - '!**/test/**'\nonlyBuiltDependencies:\n  - left\n`,
      'packages/a/b/package.json': manifest({}),
      'packages/a/test/x/package.json': manifest({}),
      'packages/node_modules/c/package.json': manifest({}),
      'services/orders/package.json': manifest({ tricube: '1', ioredis: '5' }),
      'services/users/package.json': manifest({}),
      'services/other/package.json': manifest({}),
      'apps/web/package.json': manifest({}),
    })
    expect(await build(cwd, 'services')).toMatchObject({
      code: 0,
      stderr:
        'the image has no node_modules/tricube, which it runs: add tricube to the dependencies of package.json: pnpm add -w tricube\n',
    })
    expect(await copied(cwd)).toEqual([
      'COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./',
      'COPY apps/web/package.json ./apps/web/',
      'COPY packages/a/b/package.json ./packages/a/b/',
      'COPY services/orders/package.json ./services/orders/',
      'COPY services/users/package.json ./services/users/',
      'COPY --from=dependencies /app ./',
      'COPY . .',
    ])
    expect(await readFile(join(cwd, 'compose.yaml'), 'utf8')).toContain('REDIS_URL')
    await writeFile(join(cwd, 'pnpm-workspace.yaml'), `packages: ['apps/*', "services/orders"]\n`)
    await build(cwd, 'services')
    expect((await copied(cwd)).filter((line) => line.includes('/package.json'))).toEqual([
      'COPY apps/web/package.json ./apps/web/',
      'COPY services/orders/package.json ./services/orders/',
    ])
  })

  it('is told where to run it, from within a workspace', async () => {
    const cwd = await folderOf({
      'package.json': JSON.stringify({ workspaces: { packages: ['services/*'] } }),
      'yarn.lock': '',
      'services/orders/package.json': '{ "name": "orders" }',
      'services/orders/service.mjs': serviceOf('orders', ''),
      'services/alone/package.json': '{ "name": "alone" }',
      'services/alone/package-lock.json': '{}',
      'services/alone/service.mjs': serviceOf('alone', ''),
    })
    expect(await build(join(cwd, 'services/orders'))).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'services/orders is a workspace of ../.., which has the lockfile: run tricube build there: cd ../.. && npx tricube build services\n',
    })
    expect(await build(join(cwd, 'services/alone'))).toMatchObject({ code: 0 })
  })
})

it('warns when tricube is a development dependency, which the image leaves out', async () => {
  const cwd = await folderOf({
    'package.json': '{ "devDependencies": { "tricube": "1" } }',
    'service.mjs': serviceOf('orders', ''),
  })
  expect(await build(cwd)).toMatchObject({
    code: 0,
    stderr:
      'the image has no node_modules/tricube, which it runs: add tricube to the dependencies of package.json: npm i tricube\n',
  })
})

/** Writes an archive of the package `unit` into `vendor/`. */
async function pack(cwd: string, version: number): Promise<void> {
  const folder = await folderOf({
    'package/package.json': JSON.stringify({
      name: 'unit',
      version: `${version}.0.0`,
      type: 'module',
      main: 'unit.js',
    }),
    'package/unit.js': `export const version = '${version}'`,
  })
  await mkdir(join(cwd, 'vendor'), { recursive: true })
  run(`tar -czf ${join(cwd, `vendor/unit-${version}.tgz`)} package`, folder)
}

/** Puts tricube into a project, which has no registry to install it from. */
async function linkTricube(cwd: string): Promise<void> {
  await rm(join(cwd, 'node_modules/tricube'), { force: true })
  await symlink(root, join(cwd, 'node_modules/tricube'))
}

async function copied(cwd: string): Promise<readonly string[]> {
  const text = await readFile(join(cwd, 'Dockerfile'), 'utf8')
  return text.split('\n').filter((line) => line.startsWith('COPY'))
}

/** The response of a service to `GET /version`, started as the image does, by the newest Node there is. */
async function responseOf(app: string, service: string): Promise<unknown> {
  const [port] = await freePorts(1)
  const [, node] = nodes.toSorted(([one], [other]) => one.localeCompare(other)).at(-1)!
  const child = spawn(node, ['node_modules/tricube/dist/cli/main.js', 'start', service], {
    cwd: app,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return vi.waitFor(async () => {
    if (child.exitCode !== null) return stderr
    return (await fetch(`http://127.0.0.1:${port}/version`)).json()
  }, 60_000)
}
