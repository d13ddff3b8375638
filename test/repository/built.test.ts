import { expect, it } from 'vitest'
import { built } from '../built.ts'
import { filesBelow } from './syntax.ts'

it('says what to do when the package was not built', () => {
  expect(() => built('cli/nothing.js')).toThrow('dist/cli/nothing.js is missing: run "npm run build" first.')
})

it('every test that needs dist/ says so', () => {
  const silent = [...filesBelow('test')].filter(
    ([path, source]) => /\.\.\/dist\/|root}dist\//.test(source) && !path.endsWith('/built.ts'),
  )
  expect(silent.map(([path]) => path)).toEqual([])
})
