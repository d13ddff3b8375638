/** A capability is added to the framework as one folder and one line, and everything else follows from that. */
import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))

const part = `
import { group, text, integer } from '../../../config/rules.ts'
import { setting } from '../../../config/setting.ts'
import type { Opened, Part, RequestScope } from '../../part.ts'
import { database } from '../database.ts'

export interface ToyOptions {
  /** The text of the value. */
  readonly greeting?: string
}
export interface Toy {
  greet(): Promise<string>
}
interface OpenedToy extends Opened<Toy> {
  forRequest(scope: RequestScope): Toy
}

export const toy: Part<{ readonly toy?: ToyOptions }, { readonly toySize: number }, OpenedToy> = {
  name: 'toy',
  options: { toy: group<ToyOptions>({ greeting: text('a greeting') }) },
  settings: { toySize: setting(integer(), { variable: 'TOY_SIZE', meaning: 'How large it is.', value: 1 }) },
  tables: [{ version: 1, sql: "CREATE TABLE tricube.toys (name text); INSERT INTO tricube.toys VALUES ('bear')" }],
  async open({ config, use }, { toy: { greeting = 'hello' } = {} }) {
    const { home } = await use(database)
    const name = (): Promise<string> => home!.value<string>\`SELECT name FROM tricube.toys\`
    console.log('open', config.toySize, await name())
    return {
      forRequest: ({ operation }) => ({ greet: async () => [greeting, await name(), operation].join(' ') }),
      isReady: async () => void console.log('ready'),
      stopTaking: () => console.log('stop taking'),
      finish: () => console.log('finish'),
      close: async () => console.log('close', await name()),
    }
  },
}
`

const source = `
import { contract, service, t } from 'tricube'

const dolls = contract('doll-service', { greet: { route: 'GET /greet', returns: t.String() } })
const app = service(dolls, {
  toy: { greeting: 'good day' },
  handlers: { greet: ({ toy }) => toy.greet() },
})

const { url } = await app.listen()
console.log(((await (await fetch(url + '/greet')).json()) as { data: unknown }).data)
console.log(((await (await fetch(url + '/health/ready')).json()) as { checks: { toy: unknown } }).checks.toy)
await app.close()

// @ts-expect-error -- a greeting is a text
const wrong = () => service(dolls, { toy: { greeting: 1 }, handlers: { greet: () => '' } })
// @ts-expect-error -- a toy has no such member
const none = () => service(dolls, { handlers: { greet: ({ toy }) => toy.sing() } })
for (const make of [wrong, none, () => service(dolls, { toy: { greting: '' } as {}, handlers: { greet: () => '' } })]) {
  try {
    make()
  } catch (error) {
    console.log((error as Error).message)
  }
}
`

let folder: string
let database: Awaited<ReturnType<typeof directDatabase>>
beforeAll(async () => {
  database = await directDatabase()
  folder = await mkdtemp(join(tmpdir(), 'tricube-toy-'))
  await cp(join(repository, 'src'), join(folder, 'src'), { recursive: true })
  await cp(join(repository, 'package.json'), join(folder, 'package.json'))
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'))
  await mkdir(join(folder, 'src/service/parts/toy'))
  await writeFile(join(folder, 'src/service/parts/toy/toy.ts'), part)
  await appendFile(join(folder, 'src/service/parts.ts'), "export { toy } from './parts/toy/toy.ts'\n")
  await writeFile(join(folder, 'service.ts'), source)
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(repository, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, paths: { tricube: ['./src/index.ts'] } },
      include: ['service.ts'],
    }),
  )
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

it('has a typed option and a typed value on the context', async () => {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error)
  expect(stdout).toBe('')
}, 120_000)

it('has a checked option, a setting and a table, and is opened and closed in order', async () => {
  await build({
    absWorkingDir: folder,
    entryPoints: ['service.ts'],
    outfile: 'service.mjs',
    bundle: true,
    packages: 'external',
    alias: { tricube: './src/index.ts' },
    format: 'esm',
    platform: 'node',
    define: { TRICUBE_VERSION: '"0.0.0"' },
    logLevel: 'error',
  })
  const start = (env: NodeJS.ProcessEnv) =>
    run(process.execPath, ['service.mjs'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', DATABASE_URL: database.url, ...env },
    })
  const { stdout } = await start({ TOY_SIZE: '7' })
  expect(stdout.trim().split('\n')).toEqual([
    'open 7 bear',
    'good day bear greet',
    'ready',
    'ok',
    'stop taking',
    'finish',
    'close bear',
    'doll-service: toy.greeting: expected a greeting, got 1',
    'doll-service: unknown option toy.greting, expected greeting; did you mean greeting?',
  ])
  await expect(start({ TOY_SIZE: 'large' })).rejects.toMatchObject({
    stderr: expect.stringContaining('TOY_SIZE in the environment: expected a whole number'),
  })
  await expect(start({ DATABASE_URL: '' })).rejects.toMatchObject({
    stderr: expect.stringContaining('toy of doll-service needs a database: set DATABASE_URL'),
  })
}, 120_000)
