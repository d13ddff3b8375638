// A real PgBouncer for the tests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** Path of a `pgbouncer`; undefined, and a warning, where there is none to be had. */
export function findPgbouncer() {
  return findProgram({
    name: 'pgbouncer',
    variable: 'TRICUBE_TEST_PGBOUNCER',
    packages: ['pgbouncer', 'libevent-2.1-7', 'libc-ares2'],
    file: 'pgbouncer',
    finish,
  })
}

/** Its libraries are those beside it. */
function finish(folder) {
  const script = `#!/bin/sh
folder=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu*) exec "$folder/usr/sbin/pgbouncer" "$@"
`
  writeFileSync(join(folder, 'pgbouncer'), script, { mode: 0o755 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pgbouncer = findPgbouncer()
  if (pgbouncer) console.log(pgbouncer)
  else process.exitCode = 1
}
