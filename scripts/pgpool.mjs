// A real Pgpool-II for the tests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** Path of a `pgpool`; undefined, and a warning, where there is none to be had. */
export function findPgpool() {
  return findProgram({
    name: 'pgpool',
    variable: 'TRICUBE_TEST_PGPOOL',
    packages: ['pgpool2', 'libpq5', 'libmemcached11', 'libhashkit2', 'libldap-2.5-0', 'libsasl2-2', ...kerberos],
    file: 'pgpool',
    finish,
  })
}

// What its libpq is linked to, on machines that have none of it.
const kerberos = ['libgssapi-krb5-2', 'libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libkeyutils1']

/** Its libraries are those beside it. */
function finish(folder) {
  const script = `#!/bin/sh
folder=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu*) exec "$folder/usr/sbin/pgpool" "$@"
`
  writeFileSync(join(folder, 'pgpool'), script, { mode: 0o755 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pgpool = findPgpool()
  if (pgpool) console.log(pgpool)
  else process.exitCode = 1
}
