// The checks that are no tests, each a command that fails when something is wrong.
import { pack } from './pack.mjs'

/** Commands by name, in the order in which they are run; `tarball` packs once, when it is first asked for. */
export const checks = {
  build: () => ['npm', 'run', '--silent', 'build'],
  'types of the tests': () => ['tsc', '-p', 'test/tsconfig.json'],
  'types of the dashboard': () => ['tsc', '-p', 'src/dashboard/page/tsconfig.json'],
  'types of the examples': () => ['tsc', '-p', 'examples/tsconfig.json'],
  lint: () => ['oxlint', '--type-aware', '--deny-warnings'],
  format: () => ['oxfmt', '--check'],
  unused: () => ['knip'],
  imports: () => ['node', 'scripts/check-imports.mjs'],
  prose: () => ['node', 'scripts/check-prose.mjs'],
  commits: () => ['node', 'scripts/check-commits.mjs'],
  versions: () => ['node', 'scripts/release.mjs', 'check'],
  coverage: () => ['node', 'scripts/coverage.mjs'],
  package: () => ['publint', 'run', tarball(), '--strict'],
  'types of the package': () => ['attw', tarball(), '--profile', 'esm-only'],
}

let packed
function tarball() {
  return (packed ??= pack().tarball)
}
