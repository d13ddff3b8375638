import { readFileSync } from 'node:fs'
import * as tricube from 'tricube'
import { expect, it } from 'vitest'
import { codes, errorClasses } from '../../src/contract/errors.ts'

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| (\d{5}) \| (\d{3}) \| (\w+) \| (.+) \|$/gm)].map(([, code, status, name]) => ({
  code: Number(code),
  status: Number(status),
  name,
}))

it('lists every code once, in order', () => {
  const known = [...errorClasses.map(({ status }) => status * 100), ...Object.values(codes)]
  expect(rows.map(({ code }) => code)).toEqual([...new Set(known)].sort((a, b) => a - b))
})

it('names the class and the status of each', () => {
  const classes = new Map(errorClasses.map((errorClass) => [errorClass.status, errorClass.name]))
  for (const { code, status, name } of rows) {
    expect([code, Math.trunc(code / 100), name]).toEqual([code, status, classes.get(status)])
  }
})

it('keeps the first ten of each status for tricube', () => {
  expect(Math.max(...Object.values(codes).map((code) => code % 100))).toBeLessThan(10)
})

it('names only classes that you can import', () => {
  const exported = Object.keys(tricube)
  expect([...new Set(rows.map(({ name }) => name!))].filter((name) => !exported.includes(name))).toEqual([])
})
