// A real Consul for the tests.
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** Path of a `consul`; undefined, and a warning, where there is none to be had. */
export function findConsul() {
  return findProgram({
    name: 'consul',
    variable: 'TRICUBE_TEST_CONSUL',
    packages: ['consul'],
    suite: 'bullseye', // the last release that has it
    file: 'usr/bin/consul',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const consul = findConsul()
  if (consul) console.log(consul)
  else process.exitCode = 1
}
