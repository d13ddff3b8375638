import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { freePort } from '../../src/postgres/free-port.ts'
import { emptyProject } from './project.ts'

const command = fileURLToPath(new URL('../../packages/create-tricube/index.js', import.meta.url))

describe('npm create tricube', () => {
  it('leads from an empty folder to a traced request, a green test and clean types', { timeout: 240_000 }, async () => {
    await using user = await emptyProject()
    const created = await user.shell(`cp '${user.tarball}' t.tgz && node '${command}' 'My Shöp' --tricube ./t.tgz`)
    expect(created).toContain('Created 14 files in My Shöp.')
    expect(created).toContain("cd 'My Shöp'\n  npm start\n")
    expect(JSON.parse(await user.shell(`cat 'My Shöp/package.json'`))).toMatchObject({ name: 'my-shop' })
    expect(await user.shell(`cd 'My Shöp' && git status --short`)).toContain('A  .gitignore')

    const [catalog, orders] = [await freePort(), await freePort()] // the user's own may be taken here
    await user.shell(`sed -i 's/8010/${catalog}/; s/8020/${orders}/' 'My Shöp'/*/service.ts`)
    const dev = user.start(`cd 'My Shöp' && npm start`)
    const printed = (text: string) =>
      Promise.race([
        vi.waitFor(() => expect(dev.output()).toContain(text), { timeout: 60_000, interval: 100 }),
        dev.death,
      ])
    await printed('Ready in')
    const order = await post(`http://localhost:${orders}/orders`, { product_id: 1, quantity: 2 })
    expect(order).toEqual({ code: 0, data: { id: 1, product_id: 1, quantity: 2, total_cents: 900 } })
    await printed('catalog-service SELECT products')
    expect(dev.output()).toContain(`http://127.0.0.1:${orders}/docs`)
    await dev.stop()

    expect(await user.shell(`cd 'My Shöp' && npm test`)).toMatch(/2 passed/)
    await user.shell(`cd 'My Shöp' && npm run check`)
  })

  it('asks nothing without a terminal, and names what to type with the package manager that ran it', async () => {
    await using user = await emptyProject()
    const agents = {
      npm: 'npm install\n  npm start',
      pnpm: 'pnpm install\n  pnpm start',
      yarn: 'yarn install\n  yarn start',
      bun: 'bun install\n  bun run start',
    }
    for (const [agent, steps] of Object.entries(agents)) {
      const line = `node '${command}' ${agent} --no-install --no-git`
      expect(await user.shell(line, { npm_config_user_agent: `${agent}/10.0.0 node/v20` })).toContain(
        `cd ${agent}\n  ${steps}\n`,
      )
    }
    expect(await readdir(join(user.folder, 'npm'))).toEqual([
      '.gitignore',
      'README.md',
      'catalog-service',
      'order-service',
      'package.json',
      'tsconfig.json',
    ])
    expect(await readdir(join(user.folder, 'pnpm'))).toContain('pnpm-workspace.yaml')
    expect(await readFile(join(user.folder, 'yarn/README.md'), 'utf8')).toContain('yarn start  ')
  })

  it('never overwrites: it names the files that are in the way and writes nothing', async () => {
    await using user = await emptyProject()
    await user.write({ 'shop/package.json': '{}', 'shop/order-service/contract.ts': '', 'shop/notes.txt': '' })
    expect(await run(user.folder, 'shop')).toEqual({
      code: 1,
      stderr: 'create-tricube: shop already has package.json, order-service/contract.ts: nothing was written\n',
    })
    expect(await readdir(join(user.folder, 'shop'))).toEqual(['notes.txt', 'order-service', 'package.json'])
  })

  it('creates the project in a folder that has other files', async () => {
    await using user = await emptyProject()
    await user.write({ 'notes.txt': 'mine' })
    expect(await run(user.folder, '.', '--no-install', '--no-git')).toMatchObject({ code: 0 })
    expect(JSON.parse(await user.shell('cat package.json'))).toMatchObject({ name: 'my-project' })
    expect(await user.shell('cat notes.txt')).toBe('mine')
  })

  it.each([
    [['--color'], "Unknown option '--color'"],
    [['a', 'b'], 'expected one folder, got a b'],
    [['a', '--tricube'], "Option '--tricube <value>' argument missing"],
  ])('rejects %j in one line', async (argv, message) => {
    const stderr = `create-tricube: ${message}, see create-tricube --help\n`
    expect(await run('.', ...argv)).toEqual({ code: 2, stderr })
  })
})

async function run(cwd: string, ...argv: string[]): Promise<{ code: number; stderr: string }> {
  return promisify(execFile)(process.execPath, [command, ...argv], { cwd }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  )
}

async function post(url: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}
