import { beforeAll, expect, it } from 'vitest'
import { compileExamples } from './compileExamples.ts'
import { publicExports, type PublicExport } from './publicExports.ts'

let all: readonly PublicExport[]
let ours: readonly PublicExport[]
beforeAll(async () => {
  all = await publicExports()
  ours = all.filter(({ isOurs, member }) => isOurs && member === undefined)
})

const titles = (some: readonly PublicExport[]) => some.map(({ from, name }) => `${name} of ${from}`)

it('every export has a docstring that begins with a sentence', () => {
  expect(ours.length).toBeGreaterThan(150)
  expect(titles(ours.filter(({ doc }) => !/^[A-Z0-9`][^]*?[.:](?:\s|$)/.test(doc)))).toEqual([])
})

it('every function, class and constant has an example', () => {
  const values = ours.filter(({ isValue }) => isValue)
  expect(values.length).toBeGreaterThan(60)
  expect(titles(values.filter(({ examples }) => examples.length === 0))).toEqual([])
})

it('every example compiles', () => {
  const withExamples = all.filter(({ examples }) => examples.length > 0)
  expect(withExamples.length).toBeGreaterThan(70)
  expect(compileExamples(withExamples, all)).toEqual([])
}, 60_000)

it('an example that does not compile is reported with its name', () => {
  const database = ours.find(({ name }) => name === 'database')!
  const planted = {
    ...database,
    examples: ['database({ uri: databaseUrl })', 'database({ url: databaseUrl }', 'await oops()'],
  }
  expect(compileExamples([planted], all)).toEqual([
    expect.stringMatching(/^database of tricube\/sql: .*'uri' does not exist/),
    "database of tricube/sql: ')' expected.",
    "database of tricube/sql: Cannot find name 'oops'.",
  ])
}, 60_000)
