/** What is wrong with a value, where a schema of another library checks it. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { bodies } from './operations.ts'

const v4 = '9b2e1f0a-3c4d-4e5f-8a6b-7c8d9e0f1a2b'
const v7 = '019b2e1f-3c4d-7e5f-8a6b-7c8d9e0f1a2b'

it('a text of another format: the message names the format, each once', async () => {
  const send = await bodies({
    dateTime: z.iso.datetime(),
    offset: z.iso.datetime({ offset: true }),
    date: z.iso.date(),
    uuid: z.uuid(),
    v4: z.uuidv4(),
    ark: type('string.uuid'),
    valibot: toStandardJsonSchema(v.pipe(v.string(), v.isoTimestamp())),
  } as never)
  const problemsOf = async (name: string, value: string) => (await send(name, value)).problems
  expect(await problemsOf('dateTime', 'now')).toEqual(['must match format "date-time"'])
  expect(await problemsOf('dateTime', '2026-01-31T10:00:00')).toEqual([
    'must match format "date-time": its offset is missing, such as Z',
  ])
  expect(await problemsOf('dateTime', '2026-01-31T10:00:00+02:00')).toEqual([
    'must match format "date-time" in UTC, with the offset Z',
  ])
  expect(await problemsOf('offset', '2026-01-31T10:00:00+02:00')).toEqual([])
  expect(await problemsOf('date', '2026-02-30')).toEqual(['must match format "date"'])
  expect(await problemsOf('uuid', 'x7')).toEqual(['must match format "uuid"'])
  expect(await problemsOf('v4', v4)).toEqual([])
  expect(await problemsOf('v4', v7)).toEqual([expect.stringMatching(/^must match pattern/)])
  expect(await problemsOf('ark', 'x7')).toEqual(['must match format "uuid"'])
  expect(await problemsOf('valibot', 'now')).toEqual(['must match format "date-time"'])
})

it('an unknown key of a record is named, once', async () => {
  const send = await bodies({
    zod: z.record(z.enum(['apples', 'pears']), z.number()),
    partial: z.object({ stock: z.partialRecord(z.enum(['apples', 'pears']), z.number()) }),
    pattern: z.record(z.string().regex(/^[a-z]+$/), z.number()),
  } as never)
  const problemsOf = async (name: string, value: unknown) => (await send(name, value)).problems
  expect(await problemsOf('zod', { apples: 1, pears: 2, plums: 3 })).toEqual(['plums is not a known field'])
  expect(await problemsOf('partial', { stock: { apple: 1 } })).toEqual([
    'stock.apple is not a known field, did you mean apples?',
  ])
  expect(await problemsOf('pattern', { a: 1, B: 2 })).toEqual([
    'B is not an allowed name: it must match pattern "^[a-z]+$"',
  ])
})
