import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { built } from '../built.ts'

const checks = `
import type { FastifyRequest } from 'fastify'
import type { Application, Context } from 'tricube'
export const operationOf = ({ request }: Context): string | undefined => request.routeOptions.config.operation
export const traceOf = ({ span }: FastifyRequest): string | undefined => span?.traceId
export const isDraining = ({ draining }: FastifyRequest): boolean => draining.aborted
export const onRoute = ({ fastify }: Application) =>
  fastify.addHook('onRoute', ({ config }) => void config?.operation?.toUpperCase())
// @ts-expect-error a text, not a number
export const wrong = ({ request }: Context): number | undefined => request.routeOptions.config.operation
`

const root = fileURLToPath(new URL('../../', import.meta.url))
const flags =
  '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --module nodenext --target esnext --types node'

it('the types of tricube pass the type check of a user without skipLibCheck', async () => {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }
  const files = JSON.stringify(exports)
    .match(/dist[^"]+\.js/g)!
    .map((file) => file.replace(/js$/, 'd.ts'))
  built('index.d.ts')
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...flags.split(' '), ...files], {
    cwd: root,
  }).catch(
    (failed: { stdout: string }) => failed, // others' types, Drizzle's for one, may be wrong
  )
  expect(stdout.split('\n').filter((line) => line.startsWith('dist/'))).toEqual([])
}, 60_000)

it('users of the package have types for what tricube adds to the requests and routes of Fastify', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-types-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(`${folder}/node_modules/@types`, { recursive: true })
  await symlink(root, `${folder}/node_modules/tricube`)
  for (const name of ['fastify', '@types/node'])
    await symlink(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`)
  await writeFile(`${folder}/package.json`, '{ "type": "module" }')
  await writeFile(`${folder}/check.ts`, checks)
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [tsc, ...flags.split(' '), '--skipLibCheck', 'check.ts'],
    {
      cwd: folder,
    },
  ).catch((failed: { stdout: string }) => failed)
  expect(stdout).toBe('')
}, 60_000)
