import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { freePort } from '../../src/postgres/free-port.ts'
import { emptyProject } from './project.ts'

const root = fileURLToPath(new URL('../../packages/create-tricube', import.meta.url))
const command = join(root, 'index.js')

/** How a package manager runs a package that is not installed, and what is typed besides. */
interface Manager {
  readonly manager: string
  readonly files: number
  readonly create: string
  readonly exec: string
  readonly also: readonly string[]
}

describe('npm create tricube', () => {
  // From an empty folder to a project that can be shipped. Both runs together may take three minutes.
  it.each([
    { manager: 'npm', files: 14, create: 'npm exec --yes --package', exec: 'npx', also: ['npm test', 'npm run check'] },
    { manager: 'pnpm', files: 15, create: 'pnpm dlx --package', exec: 'pnpm exec', also: [] },
  ])(
    'leads from an empty folder to a traced request, coverage and a container: $manager',
    { timeout: 240_000 },
    fromEmptyFolder,
  )

  async function fromEmptyFolder({ manager, files, create, exec, also }: Manager): Promise<void> {
    await using user = await emptyProject()
    if (manager === 'pnpm') await user.addProgram('pnpm@10')
    const tarball = (await user.shell(`npm pack --silent '${root}'`)).trim()
    const created = await user.shell(
      `${create} "$PWD/${tarball}" -- create-tricube 'My Shöp' --tricube '${user.tarball}'`,
    )
    expect(created).toContain(`Created ${files} files in My Shöp.`)
    expect(created).toContain(`cd 'My Shöp'\n  ${manager} start\n`)
    const typed = (line: string) => user.shell(`cd 'My Shöp' && ${line}`)
    expect(JSON.parse(await typed('cat package.json'))).toMatchObject({ name: 'my-shop' })
    expect(await typed('git status --short')).toContain('A  .gitignore')

    const [catalog, orders] = [await freePort(), await freePort()] // the user's own may be taken here
    await typed(`sed -i 's/8010/${catalog}/; s/8020/${orders}/' */service.ts`)
    const dev = user.start(`cd 'My Shöp' && ${manager} start`)
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

    for (const line of also) await typed(line)
    const covered = await typed(`${manager} run coverage`)
    expect(covered).toMatch(/2 passed/)
    expect(covered).toMatch(/^All files +\| +[1-9]/m)
    await typed(`${exec} tricube build && ${exec} tricube check --write && ${exec} tricube check`)
    expect(await typed('cat Dockerfile')).toContain(manager === 'npm' ? 'npm ci' : 'pnpm install --frozen-lockfile')
    expect(JSON.parse(await typed('cat order-service/contract.json'))).toMatchObject({ name: 'order-service' })
  }

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
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(JSON.parse(await user.shell('cat npm/package.json'))).toMatchObject({
      dependencies: { tricube: `^${version}` },
    })
    expect(await readFile(join(user.folder, 'yarn/README.md'), 'utf8')).toContain('yarn start  ')
    const ofYarn = JSON.parse(await user.shell('cat yarn/package.json')) as object
    expect(ofYarn).toMatchObject({ resolutions: { cookie: '^1.1.1' } }) // else Yarn 1 installs nothing on Node 20
    expect(JSON.parse(await user.shell('cat npm/package.json'))).not.toHaveProperty('resolutions')
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
