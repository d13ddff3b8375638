import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compile } from '../../src/load/compile.ts'
import { folderOf, tricube } from '../cli/run.ts'

const files = {
  'empty/readme.txt': '',
  'catalog-service/readme.txt': '',
  'wrong/service.mjs': 'export default 7',
  'none/service.mjs': 'export const name = "x"',
  'broken/service.mjs': 'export default (',
  'throws/service.mjs': 'throw new Error("no key")',
  'misses/service.mjs': 'import "left-pad-9"',
}

const rows: readonly (readonly [mistake: string, argv: readonly string[], code: number, line: string])[] = [
  [
    'misspells the command',
    ['strat'],
    2,
    'tricube: unknown command "strat", expected dev, dashboard, run, start, token, check, test, add, build, openapi, config, events, jobs, keys, migrate; did you mean start?; see tricube --help',
  ],
  [
    'misspells an option',
    ['start', '--prot', '8030'],
    2,
    "tricube start: Unknown option '--prot'; did you mean --port?, see tricube --help",
  ],
  [
    'starts nothing',
    ['start'],
    2,
    'Usage: tricube start <service> [--port <n>] [--host <address>] [--workers <n> | max]',
  ],
  ['starts a folder that does not exist', ['start', 'nowhere'], 1, 'nowhere: file not found'],
  [
    'starts a folder without a service',
    ['start', 'empty'],
    1,
    'empty: no service found; expected service.ts in this folder',
  ],
  [
    'starts a file that exports something else',
    ['start', 'wrong'],
    1,
    'wrong/service.mjs: no service found; add export default service(contract, …)',
  ],
  [
    'starts a file without a default export',
    ['start', 'none'],
    1,
    'none/service.mjs: no service found; add export default service(contract, …)',
  ],
  ['starts a file that throws', ['start', 'throws'], 1, 'Error: no key\n    at file://./throws/service.mjs:1:7'],
  [
    'starts a file that imports a missing package',
    ['start', 'misses'],
    1,
    "Cannot find package 'left-pad-9' imported from ./misses/service.mjs",
  ],
  [
    'misspells an option of token',
    ['token', '--scope', 'a'],
    2,
    "tricube token: Unknown option '--scope'; did you mean --scopes?, see tricube --help",
  ],
  [
    'checks a file that exports something else',
    ['check', 'wrong'],
    2,
    'wrong/service.mjs: no service found; add export default service(contract, …)',
  ],
  [
    'misspells an option of dev',
    ['dev', '--opne'],
    2,
    "tricube dev: Unknown option '--opne'; did you mean --open?, see tricube --help",
  ],
  [
    'writes a port in words',
    ['start', 'empty', '--port', 'x'],
    2,
    'tricube start: --port must be an integer from 0 to 65535, got "x"',
  ],
  [
    'wants no workers',
    ['start', 'empty', '--workers', '0'],
    2,
    'tricube start: --workers must be an integer from 1 to 999, or max, got "0"',
  ],
  [
    'develops a folder without services',
    ['dev', 'empty'],
    1,
    'empty: no service found; expected service.ts or */service.ts in this folder; add one there with tricube add service billing',
  ],
  ['develops a folder that does not exist', ['dev', 'nowhere'], 1, 'nowhere: folder not found'],
  ['prints the document of nothing', ['openapi'], 2, 'Usage: tricube openapi <service> [--public]'],
  ['prints the document of a folder that does not exist', ['openapi', 'nowhere'], 1, 'nowhere: file not found'],
  ['shows the configuration of a folder that does not exist', ['config', 'nowhere'], 1, 'nowhere: file not found'],
  [
    'runs a script without a name',
    ['run'],
    2,
    'Usage: tricube run <script> [--service <name>] [-- <arguments of the script>]',
  ],
  ['runs a script while no dev runs', ['run', 'report.ts'], 1, 'tricube run: report.ts not found'],
  [
    'lists jobs without a database',
    ['jobs', 'list'],
    2,
    'tricube jobs needs the database of the service: set DATABASE_URL or pass --url, or start tricube dev in this folder',
  ],
  [
    'misspells a command of jobs',
    ['jobs', 'lsit'],
    2,
    'tricube jobs: unknown command "lsit", expected list, show, retry, cancel; did you mean list?',
  ],
  [
    'retries no job',
    ['jobs', 'retry'],
    2,
    'tricube jobs needs the database of the service: set DATABASE_URL or pass --url, or start tricube dev in this folder',
  ],
  [
    'leaves out the end of a folder in a migration',
    ['migrate', 'generate', 'catalog', '--name', 'a'],
    2,
    'catalog does not exist; did you mean catalog-service?',
  ],
  ['misspells a folder in a check', ['migrate', 'check', './emtpy'], 2, './emtpy does not exist; did you mean empty?'],
  [
    'starts a misspelt folder',
    ['start', 'catalogservice'],
    1,
    'catalogservice: file not found; did you mean catalog-service?',
  ],
  ['develops a misspelt folder', ['dev', 'catalog'], 1, 'catalog: folder not found; did you mean catalog-service?'],
  ['names the migration of nothing', ['migrate', 'new', 'nowhere', '--name', 'a'], 2, 'nowhere does not exist'],
]

describe('what you read when you', () => {
  test.each(rows)('%s', async (_mistake, argv, code, line) => {
    const cwd = await folderOf(files)
    const ended = await tricube([...argv], { cwd }).ended
    expect([ended.code, ended.stderr.trim().replaceAll(cwd, '.')]).toEqual([code, line])
  })
})

test.each(['mts', 'mjs'])('names the file whose ending .%s an import leaves out', async (ending) => {
  const folder = await folderOf({ 'service.ts': 'import "./contract"', [`contract.${ending}`]: '' })
  await expect(compile(join(folder, 'service.ts'))).rejects.toThrow(
    new RegExp(`service.ts:1:8: Could not resolve "./contract"; write the whole name, "./contract.${ending}"$`),
  )
})

test('names the column of an import on a line that it has put something before', async () => {
  const folder = await folderOf({ 'service.ts': 'import "acme-left"; console.log(import.meta.url)' })
  await expect(compile(join(folder, 'service.ts'))).rejects.toThrow(/service.ts:1:8: Could not resolve "acme-left"/)
})
