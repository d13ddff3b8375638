import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// The tests import `tricube` as a user does. TRICUBE_TEST_PACKAGE points that name at an unpacked tarball's dist/, so that the
// same tests run on what is published; what they import of src/ stays there.
const built = process.env['TRICUBE_TEST_PACKAGE']
const root = built ?? fileURLToPath(new URL('src', import.meta.url))
const ext = built ? 'js' : 'ts'
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** The longest files begin first: one that begins last has the machine to itself while it installs packages. */
const longest = ['test/packed/commands', 'test/packed/', 'test/pack.test.ts', 'test/cli/', 'test/jobs/', 'test/events/']
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((path) => moduleId.includes(`/${path}`))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

/**
 * Rooms whose tests leave nothing behind in their process: these files share a process, which loads each module once. It
 * halves their CPU time.
 */
const shared = [
  ...['config', 'contract', 'discovery', 'messages', 'metrics', 'migrations', 'openapi', 'resilience', 'schema', 'sql'],
  ...['sqlText', 'tables', 'time'],
].map((room) => `test/${room}/**/*.test.ts`)
// Once is enough for what does not import the package: these pack by themselves, run dist/, or read the repository.
const excluded = [
  '**/node_modules/**',
  ...(built ? ['test/packed/**', 'test/cli/**', 'test/repository/**', 'test/dashboard/page.test.ts'] : []),
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
        test: { name: 'shared', include: shared, isolate: false, setupFiles: ['test/sharedProcess.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: shared,
        },
      },
    ],
    globalSetup: 'test/setup.ts',
    setupFiles: ['test/patience.ts'],
    expect: { poll: { timeout: 10_000 } },
    exclude: excluded,
    sequence: { sequencer: LongestFirst },
    maxWorkers: 3, // many tests wait for processes and clocks more than they compute
    hookTimeout: 60_000,
    testTimeout: 20_000,
  },
})
