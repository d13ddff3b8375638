// A real Redis for the tests.
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from './debian.mjs'

/** Path of a `redis-server`; undefined, and a warning, where there is none to be had. */
export function findRedis() {
  return findProgram({
    name: 'redis-server',
    variable: 'TRICUBE_TEST_REDIS',
    packages: ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'],
    file: 'redis-server',
    finish,
  })
}

/** The program is one with its tools, and is what it is called; its libraries are those beside it. */
function finish(folder) {
  symlinkSync('redis-check-rdb', join(folder, 'usr/bin/redis-server'))
  const script = `#!/bin/sh
folder=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu*) exec "$folder/usr/bin/redis-server" "$@"
`
  writeFileSync(join(folder, 'redis-server'), script, { mode: 0o755 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const redis = findRedis()
  if (redis) console.log(redis)
  else process.exitCode = 1
}
