/** What the pages say, in a folder that npm installs: every command and every example. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandsOf, elsewhere, filesOfPages, packagesOfPages, pages, typeCommands } from './pageCommands.ts'
import { emptyProject, type Project } from './project.ts'
import { runScripts, runTests, writeExamples } from './runExamples.ts'

let user: Project
beforeAll(async () => {
  user = await emptyProject()
  await user.write(filesOfPages)
  await user.install(packagesOfPages())
}, 300_000)
afterAll(() => user[Symbol.asyncDispose]())

it('every command of the pages does what it says', { timeout: 600_000 }, async () => {
  let migrations = 0
  // A migration finds another database each time; what else two pages have does the same again.
  const keyOf = (command: string) => (command.includes(' migrate ') ? `${++migrations}` : command)
  expect((await typeCommands(user, { npx: 'npx', keyOf })).size).toBeGreaterThan(8)
})

it('the examples of every page run', { timeout: 300_000 }, async () => {
  await writeExamples(user)
  await Promise.all([runScripts(user), runTests(user)])
})

it('knows every line: it is typed above, or something says why not', () => {
  const known =
    /^(export DATABASE_URL=|npx tsc |cp -R user-service\/migrations |([A-Z_]+=\S+ )*npx tricube (dev|start|migrate) )/
  const unknown = pages
    .flatMap(commandsOf)
    .filter((line) => !known.test(`${line} `) && !elsewhere.some(([form]) => form.test(line)))
  expect(unknown).toEqual([])
})
