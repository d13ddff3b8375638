import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { importsPackage } from './test/importsPackage.ts'

// The tests import `tricube` as a user does. TRICUBE_TEST_PACKAGE points that name at an unpacked tarball's dist/, so that the
// same tests run on what is published; what they import of src/ stays there.
const built = process.env['TRICUBE_TEST_PACKAGE']
const root = built ?? fileURLToPath(new URL('src', import.meta.url))
const ext = built ? 'js' : 'ts'
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/**
 * Files that change their process for good, with an SDK of OpenTelemetry or with services of examples/, which start once;
 * and those that need undici as no other file has left it.
 */
const isolated = [
  ...['test/trace/opentelemetry.test.ts', 'test/trace/endToEnd.test.ts'],
  ...['test/testing/foreignHttp.test.ts', 'test/client/outbound.test.ts'],
  'test/trace/jobs.test.ts', // a function outside of requests belongs to the service that started first
]

/** The longest files begin first: one that begins last has the machine to itself while it installs packages. */
const longest = [
  ...isolated,
  ...[
    'test/packed/npm.',
    'test/packed/pnpm.',
    'test/packed/',
    'test/pack.test.ts',
    'test/cli/watch',
    'test/cli/',
    'test/dashboard/',
  ],
  ...['test/events/', 'test/jobs/', 'test/client/lanes/', 'test/discovery/everyRegistry', 'test/postgres.test.ts'],
]
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((path) => moduleId.includes(`/${path}`))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

/** Once is enough for what does not import the package: these pack by themselves, run dist/, or test src/ directly. */
function excludedFromPacked(): string[] {
  const folder = fileURLToPath(new URL('test/', import.meta.url))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  const others = files.filter((name) => !importsPackage(folder + name))
  return [...others.map((name) => `test/${name}`), 'test/packed/**', 'test/cli/**', 'test/repository/**', ...long]
}

/** What these import of the package, the other folders import too. */
const long = [
  ...['config', 'dashboard', 'discovery', 'events', 'jobs', 'log', 'messages', 'migrations', 'sql', 'tables'].map(
    (folder) => `test/${folder}/**`,
  ),
  'examples/shop/**',
]

const excluded = [
  '**/node_modules/**',
  ...(built ? excludedFromPacked() : []),
  // It starts poolers of its own.
  ...(process.env['TRICUBE_TEST_BEHIND'] ? ['test/sql/connection/poolers.test.ts'] : []),
]

export default defineConfig({
  define: { TRICUBE_VERSION: JSON.stringify(version) },
  resolve: {
    alias: [
      { find: /^tricube$/, replacement: `${root}/index.${ext}` },
      { find: /^tricube\/(.+)$/, replacement: `${root}/$1/index.${ext}` },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        // Files share a process, which loads vitest, tricube and its packages once. Alone, each file takes two seconds for that.
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...excluded, ...isolated],
          isolate: false,
          setupFiles: ['test/sharedProcess.ts'],
        },
      },
      { extends: true, test: { name: 'isolated', include: isolated, exclude: excluded } },
    ],
    globalSetup: 'test/setup.ts',
    setupFiles: ['test/patience.ts'],
    expect: { poll: { timeout: 20_000 } },
    sequence: { sequencer: LongestFirst },
    maxWorkers: 4, // many tests wait for processes and clocks more than they compute
    hookTimeout: 60_000,
    testTimeout: 40_000, // many times what a test takes: other files, and whatever else runs here, may have both cores
  },
})
