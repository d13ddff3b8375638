// A real NATS server for the tests.
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** Path of a `nats-server`; undefined, and a warning, where there is none to be had. */
export function findNats() {
  return findProgram({
    name: 'nats-server',
    variable: 'TRICUBE_TEST_NATS',
    packages: ['nats-server'],
    file: 'usr/sbin/nats-server',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const nats = findNats()
  if (nats) console.log(nats)
  else process.exitCode = 1
}
