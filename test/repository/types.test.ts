import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const flags =
  '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --module nodenext --target esnext --types node'

it('whoever checks the types of packages finds nothing wrong with those of tricube', async () => {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }
  const files = JSON.stringify(exports)
    .match(/dist[^"]+\.js/g)!
    .map((file) => file.replace(/js$/, 'd.ts'))
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...flags.split(' '), ...files], {
    cwd: root,
  }).catch(
    (failed: { stdout: string }) => failed, // others' types, Drizzle's for one, may be wrong
  )
  expect(stdout.split('\n').filter((line) => line.startsWith('dist/'))).toEqual([])
}, 60_000)
