import { expect, it } from 'vitest'
import { consoleExporter } from '../../src/trace/export/console.ts'
import { drawTree } from '../../src/trace/export/tree.ts'
import { memoryTracer, someSpans } from './fixture.ts'

const span = (id: string, parentId: string | undefined, title: string, startMs: number, durationMs: number) => {
  const [service, name] = title.split(' ') as [string, string]
  return { id, parentId, service, name, startMs, durationMs, errorType: undefined }
}

it('draws the spans with their parents, start times and durations', () => {
  const spans = [
    { ...span('5', '4', 'roles getRole', 4, 2), note: '200' },
    span('1', undefined, 'users getUser', 0, 12),
    span('3', '1', 'users regions.getCity', 3, 9),
    { ...span('4', '1', 'users roles.getRole', 3, 4), errorType: '404' },
    { ...span('2', '1', 'users SELECT', 1, 1), note: '1 row' },
  ]
  expect(drawTree(spans)).toBe(`\
users getUser              12.0 ms  ████████████████████████
├─ users SELECT             1.0 ms    ██                      1 row
├─ users regions.getCity    9.0 ms        ██████████████████
└─ users roles.getRole      4.0 ms        ████████            ✗ 404
   └─ roles getRole         2.0 ms          ████              200`)
})

it('draws spans without a parent here, and spans of no duration', () => {
  expect(drawTree([span('2', 'gone', 'a b', 5, 0), span('3', '2', 'a c', 5, 0)])).toMatch(/^a b .*\n└─ a c .*█$/)
})

it('writes the trees of a batch to the console', async () => {
  let output = ''
  const { tracer } = memoryTracer()
  const [request, statement] = someSpans(tracer)
  const exporter = consoleExporter('user-service', { output: { write: (text: string) => ((output += text), true) } })
  await exporter.export([statement!, request!], 0, new AbortController().signal)
  expect(output).toMatch(
    /^trace [0-9a-f]{32}, caused by 0af7651916cd43dd8448eb211c80319c\nuser-service getUser .* 500 ✗ 500\n└─ user-service SELECT users .* 3 rows ✗ 42P01\n$/,
  )
})
