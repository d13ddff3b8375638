import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The tests import `tricube` as a user does. TRICUBE_UNDER_TEST points that name, and what tests
// import of src/, at an unpacked tarball's dist/, so that the same tests run on what is published.
const built = process.env['TRICUBE_UNDER_TEST']
const root = built ?? fileURLToPath(new URL('src', import.meta.url))
const ext = built ? 'js' : 'ts'

export default defineConfig({
  resolve: {
    alias: [
      { find: /^(?:\.\.\/)+src\/(.+)\.ts$/, replacement: `${root}/$1.${ext}` },
      { find: /^tricube$/, replacement: `${root}/index.${ext}` },
      { find: /^tricube\/(.+)$/, replacement: `${root}/$1/index.${ext}` },
    ],
  },
  test: {
    globalSetup: 'test/setup.ts',
    setupFiles: 'test/patience.ts',
    expect: { poll: { timeout: 10_000 } },
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    maxWorkers: 3, // many tests wait for processes and clocks more than they compute
    hookTimeout: 60_000,
    testTimeout: 20_000,
  },
})
