/** Regular expressions of other libraries, which usually have no flag `u`. */
import { contract, service, t } from 'tricube'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'

const texts = [
  'a-b',
  'a_b',
  'a@b.c',
  'a b',
  `a'b`,
  'a:b',
  'b-',
  '-',
  'a',
  '[a]',
  '\\',
  'äöü',
  '日本',
  '😀',
  'a/b',
  '#1',
  '',
]

it.each([
  [String.raw`^\w+\-\w+$`],
  [String.raw`^[\w\-]+$`],
  [String.raw`^[a\-c]+$`],
  [String.raw`^[^\s\@]+\@[\w\.\-]+$`],
  [String.raw`^\w\'\w$`],
  [String.raw`^\w\:\w$`],
  [String.raw`^[\[\]\w]+$`],
  [String.raw`^\#\d$`],
  [String.raw`^\\$`],
  [String.raw`^[\\\-]$`],
  [String.raw`^\w\/\w\-?$`],
])('%s accepts what it accepts by itself', async (pattern) => {
  const regex = new RegExp(pattern)
  const patterns = contract('pattern-service', {
    match: { route: 'POST /match', body: z.object({ text: z.string().regex(regex) }), returns: t.Null() },
  })
  const app = service(patterns, { handlers: { match: () => null } })
  onTestFinished(() => app.close())
  for (const text of texts) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/match', payload: { text } })
    expect([text, statusCode]).toEqual([text, regex.test(text) ? 200 : 400])
  }
})
