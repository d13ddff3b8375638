import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { folderOf, tricube } from './run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('keeps the names of traced functions in bundled files', async () => {
  const cwd = await folderOf({
    'package.json': '{ "type": "module" }',
    'card.ts': `import { traced } from 'tricube/trace'
      const charge = async (amount: number): Promise<number> => amount
      export const card = traced(charge, { ambient: true })`,
    'cash.ts': `import { traced } from 'tricube/trace'
      const charge = async (amount: number): Promise<number> => -amount
      export const cash = traced(charge, { ambient: true })
      export const callPsp = traced(async function callPsp(): Promise<string> { return callPsp.name }, { ambient: true })`,
    'service.ts': `import { traced } from 'tricube/trace'
      import { card } from './card.ts'
      import { callPsp as psp, cash } from './cash.ts'
      const callPsp = traced(async function callPsp(): Promise<string> { return 'mine' }, { ambient: true })
      const refund2 = traced(async function refund2(): Promise<void> {}, { ambient: true })
      class Shop { pay2 = traced(async function* pay2() {}, { ambient: true }) }
      export default { name: 'names', async close() {}, async listen(): Promise<{ url: string }> {
        console.log('names:', [card, cash, psp, callPsp, refund2, new Shop().pay2].map(({ name }) => name).join())
        return { url: '' }
      } }
      setInterval(() => {}, 1000)`,
  })
  await mkdir(join(cwd, 'node_modules'))
  await symlink(root, join(cwd, 'node_modules', 'tricube'))
  const run = tricube(['start', '.'], { cwd })
  await run.printed(/names: .*\n/)
  expect(/names: (.*)\n/.exec(run.output())?.[1]).toBe('charge,charge,callPsp,callPsp,refund2,pay2')
  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(0)
})
