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

/** Path of one from 1.21 on, which renames prepared statements: that of the next Debian, with its libraries. */
export function findNewPgbouncer() {
  return findProgram({
    name: 'pgbouncer-new',
    variable: 'TRICUBE_TEST_NEW_PGBOUNCER',
    suite: 'trixie',
    packages: ['pgbouncer', 'libc6', ...newLibraries],
    file: 'pgbouncer',
    finish: finishNew,
  })
}

const newLibraries =
  'libevent-2.1-7t64 libcares2 libssl3t64 libpam0g libaudit1 libcap-ng0 libldap2 libsasl2-2 libsystemd0 libcap2 liblzma5 libzstd1 liblz4-1 libgcrypt20 libgpg-error0 zlib1g'.split(
    ' ',
  )

/** Debian has it for machines of several kinds; so are its loader and libraries named. */
function finishNew(folder) {
  const script = `#!/bin/sh
folder=$(dirname "$0")
libraries=$(echo "$folder"/usr/lib/*-linux-gnu*)
exec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$folder/usr/sbin/pgbouncer" "$@"
`
  writeFileSync(join(folder, 'pgbouncer'), script, { mode: 0o755 })
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
