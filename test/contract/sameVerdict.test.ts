/** tricube checks JSON Schema first, so it must accept and reject what the library of the schema does. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { contract, service, t, type StandardSchema } from 'tricube'
import { testService } from 'tricube/testing'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { z } from 'zod'

const valibot = toStandardJsonSchema
const cases: Readonly<Record<string, readonly [schema: StandardSchema, accepted: unknown[], rejected: unknown[]]>> = {
  'Zod email': [z.email(), ['a@example.com'], ['a', 'a@', '@b.de', 1]],
  'Zod uuid': [z.uuid(), ['018f4d2e-7c1a-7b3e-9d60-3f1c2a9b8e75'], ['018f4d2e', '']],
  'Zod uuidv4': [z.uuidv4(), ['018f4d2e-7c1a-4b3e-9d60-3f1c2a9b8e75'], ['018f4d2e-7c1a-7b3e-9d60-3f1c2a9b8e75']],
  'Zod url': [z.url(), ['https://example.com/a?b=c'], ['example.com', '']],
  'Zod url of a host': [z.url({ hostname: /^example\.com$/ }), ['https://example.com'], ['https://example.org']],
  'Zod datetime': [z.iso.datetime(), ['2026-01-31T10:00:00Z'], ['2026-01-31T10:00:00', '2026-02-30T10:00:00Z']],
  'Zod local datetime': [
    z.iso.datetime({ local: true }),
    ['2026-01-31T10:00:00', '2026-01-31T10:00:00Z'],
    ['2026-01-31'],
  ],
  'Zod datetime with an offset': [
    z.iso.datetime({ offset: true }),
    ['2026-01-31T10:00:00+02:00'],
    ['2026-01-31T10:00:00'],
  ],
  'Zod date': [z.iso.date(), ['2026-01-31'], ['2026-02-30', '31.01.2026']],
  'Zod time': [z.iso.time(), ['10:00', '10:00:00.5'], ['25:00', '10:00Z']],
  'Zod duration': [z.iso.duration(), ['P1DT2H'], ['1d']],
  'Zod ipv4': [z.ipv4(), ['192.0.2.1'], ['192.0.2', '::1']],
  'Zod ipv6': [z.ipv6(), ['2001:db8::1'], ['192.0.2.1', 'x']],
  'Zod cidr': [z.cidrv4(), ['192.0.2.0/24'], ['192.0.2.0']],
  'Zod hostname': [z.hostname(), ['example.com'], ['-a', 'a b']],
  'Zod base64': [z.base64(), ['aGk='], ['aGk', '%']],
  'Zod jwt': [z.jwt(), ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.c2ln'], ['a.b.c']],
  'Zod cuid2': [z.cuid2(), ['tz4a98xxat96iws9zmbrgj3a'], ['-']],
  'Zod phone number': [z.e164(), ['+491512345678'], ['0151']],
  'Zod parts of a text': [z.string().startsWith('a').endsWith('c').includes('b'), ['abc'], ['ac', 'bc']],
  'Zod lower case': [z.string().lowercase(), ['abc'], ['aBc']],
  'Zod pattern': [z.string().regex(/^[\w-]+$/), ['a-b'], ['a b']],
  'Zod pattern without case': [z.string().regex(/^abc$/i), ['ABC', 'abc'], ['abd']],
  'Zod template literal': [z.templateLiteral(['user-', z.int()]), ['user-1'], ['user-x']],
  'Zod numbers': [z.number().multipleOf(0.01).positive().max(10), [0.01, 9.99, 10], [0, 0.001, 11, '1']],
  'Zod int32': [z.int32(), [2 ** 31 - 1], [2 ** 31, 0.5]],
  'Zod enum': [z.enum(['a', 'b']), ['a'], ['c']],
  'Zod literals': [z.literal(['a', 1, null]), ['a', 1, null], ['b', 2]],
  'Zod union': [z.union([z.string(), z.array(z.int())]), ['a', [1]], [1, ['a']]],
  'Zod xor': [z.xor([z.object({ a: z.int() }), z.object({ b: z.int() })]), [{ a: 1 }, { b: 1 }], [{}]],
  'Zod intersection': [
    z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
    [{ a: 1, b: 2 }],
    [{ a: 1 }],
  ],
  'Zod tuple': [z.tuple([z.string()]).rest(z.int()), [['a'], ['a', 1, 2]], [[], ['a', 'b']]],
  'Zod record': [z.record(z.string().regex(/^[a-z]+$/), z.int()), [{ a: 1 }, {}], [{ A: 1 }, { a: 'x' }]],
  'Zod record of an enum': [z.record(z.enum(['a', 'b']), z.int()), [{ a: 1, b: 2 }], [{ a: 1 }, { a: 1, b: 1, c: 1 }]],
  'Zod partial record': [z.partialRecord(z.enum(['a', 'b']), z.int()), [{ a: 1 }], [{ c: 1 }]],
  'Zod loose object': [z.looseObject({ a: z.int() }), [{ a: 1, b: 2 }], [{ b: 2 }]],
  'Zod catchall': [z.object({ a: z.int() }).catchall(z.string()), [{ a: 1, b: 'x' }], [{ a: 1, b: 2 }]],
  'Zod nested default': [z.array(z.object({ a: z.int().default(1) })), [[{}], [{ a: 2 }]], [[{ a: 'x' }]]],
  'Zod nullish': [z.object({ a: z.string().nullish() }), [{}, { a: null }, { a: 'x' }], [{ a: 1 }]],
  'Zod refinement': [z.string().refine((text) => text !== 'no'), ['yes'], ['no']],
  'Zod superRefine': [
    z.string().superRefine((text, ctx) => void (text === 'no' && ctx.addIssue('no'))),
    ['yes'],
    ['no'],
  ],
  'Zod check': [z.array(z.int()).check(z.maxLength(1)), [[1]], [[1, 2]]],
  'Zod pipe': [z.string().transform(Number).pipe(z.number().max(5)), ['5'], ['6', 'x']],
  'Zod preprocess': [z.preprocess(String, z.string().max(2)), ['ab'], ['abc']],
  'Zod catch': [z.object({ a: z.int().catch(1) }), [{ a: 1 }], []],
  'Zod json': [z.json(), [{ a: [1, null] }, 'x'], []],
  'Valibot pipe': [valibot(v.pipe(v.string(), v.trim(), v.nonEmpty())), [' a '], ['  ', 1]],
  'Valibot check': [
    valibot(
      v.pipe(
        v.number(),
        v.check((n) => n % 2 === 0),
      ),
    ),
    [2],
    [1, 'x'],
  ],
  'Valibot variant': [
    valibot(v.variant('k', [v.object({ k: v.literal('a'), x: v.number() }), v.object({ k: v.literal('b') })])),
    [{ k: 'a', x: 1 }, { k: 'b' }],
    [{ k: 'a' }, { k: 'c' }],
  ],
  'Valibot integer': [valibot(v.pipe(v.number(), v.integer(), v.minValue(3))), [3], [2, 3.5]],
  'Valibot transform': [valibot(v.pipe(v.string(), v.transform(Number), v.number(), v.maxValue(5))), ['5'], ['6']],
  'Valibot forward': [
    valibot(
      v.pipe(
        v.object({ a: v.string(), b: v.string() }),
        v.check(({ a, b }) => a === b),
      ),
    ),
    [{ a: 'x', b: 'x' }],
    [{ a: 'x', b: 'y' }],
  ],
  'Valibot optional with a default': [
    valibot(v.object({ a: v.optional(v.number(), 1) })),
    [{}, { a: 2 }],
    [{ a: 'x' }],
  ],
  'ArkType keywords': [type('string.email'), ['a@example.com'], ['a']],
  'ArkType range': [type('1 <= number.integer <= 5'), [1, 5], [0, 6, 1.5]],
  'ArkType narrow': [type('string').narrow((text) => text !== 'no'), ['yes'], ['no']],
  'ArkType morph': [type('string.numeric.parse'), ['1.5'], ['x']],
  'ArkType union': [type("'a' | 'b' | number"), ['a', 1], ['c']],
  'ArkType discriminated': [
    type({ k: "'a'", x: 'number' }).or({ k: "'b'", 'y?': 'string' }),
    [{ k: 'a', x: 1 }, { k: 'b' }],
    [{ k: 'a' }, { k: 'b', y: 1 }],
  ],
  'ArkType tuple': [type(['string', '...', 'number[]', 'boolean']), [['a', 1, true]], [['a', 1], [1]]],
  'ArkType default': [type({ a: 'number = 1' }), [{}, { a: 2 }], [{ a: 'x' }]],
  'ArkType two patterns': [type(/^a/).and(/z$/), ['abz'], ['ab', 'bz']],
}

it('accepts and rejects what the library does', { timeout: 60_000 }, async () => {
  const names = Object.keys(cases)
  const operations = Object.fromEntries(
    names.map((name, i) => [
      `case${i}`,
      { route: `POST /case${i}` as const, body: cases[name]![0], returns: t.Boolean() },
    ]),
  )
  const handlers = Object.fromEntries(names.map((_, i) => [`case${i}`, () => true]))
  await using app = await testService(service(contract('case-service', operations), { handlers }), {
    config: { logLevel: 'silent' },
  })
  const wrong: string[] = []
  for (const [i, name] of names.entries()) {
    const [schema, accepted, rejected] = cases[name]!
    for (const [values, expected] of [
      [accepted, 200],
      [rejected, 400],
    ] as const) {
      for (const value of values) {
        const own = await schema['~standard'].validate(value)
        if ((own.issues ? 400 : 200) !== expected)
          wrong.push(`${name}: its library disagrees about ${JSON.stringify(value)}`)
        const { statusCode, body } = await app.inject({
          method: 'POST',
          url: `/case${i}`,
          payload: JSON.stringify(value),
          headers: { 'content-type': 'application/json' },
        })
        if (statusCode !== expected) wrong.push(`${name}: ${statusCode} for ${JSON.stringify(value)}: ${body}`)
      }
    }
  }
  expect(wrong).toEqual([])
})
