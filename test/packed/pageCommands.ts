/** The commands of the pages, and how a test types them in the folder of a user. */
import { expect, vi } from 'vitest'
import { blocksOf, pages as allPages } from '../repository/docBlocks.ts'
import { installedBy } from '../repository/docPackages.ts'
import { tsconfig } from './compilePages.ts'
import { newDatabase } from './pageDatabase.ts'
import type { Packages, Project } from './project.ts'

/** The first of them is read first: the other pages use its files. */
export const pages: readonly string[] = [...new Set(['README.md', 'docs/migrations.md', ...allPages])]

/** Returns what a page tells its reader to type, as it is printed. */
export function commandsOf(page: string): readonly string[] {
  const shell = blocksOf(page).filter(({ language, file }) => language === 'sh' && file === undefined)
  return shell.flatMap(({ text }) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
}

/** Lines that are no command, or that something else types: why this test does not. */
export const elsewhere: readonly (readonly [form: RegExp, why: string])[] = [
  [/^npm ci && npm (start|test|run build)/, 'a clone of the repository, see .ci/run'],
  [
    /^(BANK_SECRET=\S+ )?npx tricube dev examples\/shop/,
    'in a clone of the repository: test/trace/shop.test.ts starts those services',
  ],
  [/^npm (init|pkg|install)\b/, 'all are one installation, which npm takes seconds for'],
  [/\bcurl\b/, 'asks a service of its page; the quick start is typed by test/pack.test.ts'],
  [/^consul /, 'a program of its own'],
  [/^npx tricube run /, 'needs a running tricube dev: test/cli/runScript.test.ts types it'],
  [/^npx tricube jobs /, 'needs jobs in a database: test/cli/jobs.test.ts types it'],
  [/^npx tricube keys /, 'needs a database of keys: test/cli/keys.test.ts types it'],
  [/^npx tricube build\b/, 'needs a project of its own: test/cli/build.test.ts types it'],
  [/^(docker|kubectl|export REGISTRY)\b/, 'programs of their own'],
  [/ --open\b/, 'opens a browser: test/dashboard'],
  [/^npx tricube dashboard\b/, 'runs until it is stopped: test/dashboard/alone.test.ts types it'],
  [/^(mkdir -p (certs\/\S+ )?service-keys|openssl )/, 'makes keys: test/auth/serviceTokens.test.ts makes its own'],
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

/** A line that a test types, with its page. */
interface Typed {
  readonly page: string
  readonly line: string
  /** The line without its comment. */
  readonly command: string
}

const typed: readonly Typed[] = pages.flatMap((page) =>
  commandsOf(page)
    .filter((line) => !elsewhere.some(([form]) => form.test(line)) && !line.startsWith('export '))
    .map((line) => ({ page, line, command: line.replace(/\s+#.*$/, '') })),
)

/** The packages that the pages install, and no others. */
export function packagesOfPages(): Packages {
  const all = pages.flatMap((page) => installedBy(page))
  const namesOf = (isDev: boolean) => all.filter((one) => one.isDev === isDev).map(({ name }) => name)
  return { dependencies: namesOf(false), devDependencies: namesOf(true) }
}

const service = `import { contract, service, t } from 'tricube'
const users = contract('NAME', { count: { route: 'GET /count', returns: t.Integer() } })
export default service(users, { OPTIONS handlers: { count: () => 1 } })
`
/** The files of the services that the commands name. */
export const filesOfPages: Readonly<Record<string, string>> = {
  'user-service/models.ts': blocksOf('docs/migrations.md').find(({ file }) => file === 'models.ts')!.text,
  'user-service/service.ts': service
    .replace('NAME', 'user-service')
    .replace('OPTIONS', "migrations: new URL('migrations/', import.meta.url),"),
  'tsconfig.json': tsconfig,
  'examples/hello-service/service.ts': service.replace('NAME', 'hello-service').replace('OPTIONS', ''),
}

const bin = 'node_modules/.bin'

/** How a package manager types the commands. */
interface Manner {
  /** What it has for `npx`. */
  readonly npx: string
  /** Commands with the same key are typed once. */
  readonly keyOf: (command: string) => string
}

/** Types the commands of all pages, and returns the programs that they ran. */
export async function typeCommands(user: Project, { npx, keyOf }: Manner): Promise<ReadonlySet<string>> {
  const urls = await Promise.all([newDatabase(), newDatabase(), newDatabase()])
  const keys = new Set<string>()
  const programs = new Set<string>()
  for (const { page, line, command } of typed) {
    if (keys.has(keyOf(command))) continue
    keys.add(keyOf(command))
    // npx takes as long as the program that it starts: it finds each program once, then its file is run.
    const program = programOf(command)
    const shown = command.replace(/\bnpx(?= )/, programs.has(program) ? bin : npx)
    programs.add(program)
    await type(user, shown.replace(`${bin} `, `${bin}/`), urls).catch((cause: unknown) => {
      throw new Error(`${page}: ${line}`, { cause })
    })
  }
  return programs
}

/** What a line runs, without its options: another package manager may find another file for each of these. */
export function programOf(command: string): string {
  const words = /\b(?:npx )?(tricube (?:migrate )?\w+|\w+)/.exec(command.replace(/^([A-Z_]+=\S+ )+/, ''))![1]!
  return command.includes('dist/') ? `${words}, compiled` : words
}

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
