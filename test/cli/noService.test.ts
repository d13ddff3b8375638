/** What the commands on all services of a folder say when it has none. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, serviceSource, tricube } from './run.ts'

const expected = 'no service found; expected service.ts or */service.ts in this folder'
const source = serviceSource({})
const monorepo = {
  'package.json': '{}',
  'apps/shop/service.ts': source,
  'services/orders/service.mjs': source,
  'libraries/money/index.ts': '',
}
/** Services that no command may offer. */
const hidden = { 'node_modules/a/service.mjs': source, '.cache/a/service.mjs': source, 'lib/.old/service.mjs': source }

/** What a failed command printed. */
async function failed(files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const cwd = await folderOf(files)
  await mkdir(join(cwd, 'empty'))
  const { code, stderr } = await tricube(args, { cwd }).ended
  expect(code).not.toBe(0)
  return stderr
}

test.each(['dev', 'check', 'build'])('%s names the command that finds services one folder deeper', async (command) => {
  const advice = `some are one folder deeper: run tricube ${command}`
  expect(await failed(monorepo, command)).toBe(`.: ${expected}; ${advice} apps services\n`)
  const inside = { 'package.json': '{}', 'backend/services/orders/service.mjs': source }
  expect(await failed(inside, command, 'backend')).toBe(`backend: ${expected}; ${advice} backend/services\n`)
})

test.each(['dev', 'check', 'build'])('%s says how to begin where no service is', async (command) => {
  const add = 'add one there with tricube add service billing'
  expect(await failed({ 'package.json': '{}', ...hidden }, command)).toBe(`.: ${expected}; ${add}\n`)
  const create = 'to begin, run npm create tricube@latest empty'
  expect(await failed({ 'package.json': '{}' }, command, 'empty')).toBe(`empty: ${expected}; ${create}\n`)
})
