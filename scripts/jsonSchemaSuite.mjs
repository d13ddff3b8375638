// The JSON-Schema-Test-Suite for the tests.
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** The folder with its drafts; undefined, and a warning, where there is none to be had. */
export function findJsonSchemaSuite() {
  return findProgram({
    name: 'json-schema-test-suite',
    variable: 'TRICUBE_TEST_JSON_SCHEMA_SUITE',
    packages: ['libtest-json-schema-acceptance-perl'], // Perl's package of the suite is the one that Debian has
    file: 'usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const suite = findJsonSchemaSuite()
  if (suite) console.log(suite)
  else process.exitCode = 1
}
