import { expect, it } from 'vitest'
import { parseQuickStart, requestOf } from './quickStart.ts'

const markdown = [
  '# tricube',
  '```sh',
  'npm start',
  '```',
  '## Quick start',
  'Install it:',
  '```sh',
  'npm install tricube   # and nothing else',
  '```',
  '```ts hello-service/service.ts',
  'export default service(hello, { port: 8010 })',
  '```',
  'Then',
  '```sh',
  'curl localhost:8010/hello',
  '# {"code":0,',
  '#  "data":{}}',
  '',
  'curl -X PUT localhost:8010/hello \\',
  "  -d '{}'",
  '```',
  '```json',
  '{ "not": "a file" }',
  '```',
  '## More',
  '```ts other.ts',
  '```',
].join('\n')

it('finds the files and the commands of the section, no others', () => {
  expect(parseQuickStart(markdown)).toEqual({
    files: [['hello-service/service.ts', 'export default service(hello, { port: 8010 })\n']],
    commands: [
      { line: 'npm install tricube', output: undefined },
      { line: 'curl localhost:8010/hello', output: '{"code":0,\n "data":{}}' },
      { line: `curl -X PUT localhost:8010/hello -d '{}'`, output: undefined },
    ],
  })
})

it('finds a section that ends the text', () => {
  expect(parseQuickStart('## Quick start\n\n```sh\nls\n```\n').commands).toEqual([{ line: 'ls', output: undefined }])
  expect(parseQuickStart('# Nothing')).toEqual({ files: [], commands: [] })
})

it('moves to another port, in files and commands', () => {
  const { files, commands } = parseQuickStart(markdown, () => '4711')
  expect(files[0]?.[1]).toContain('port: 4711')
  expect(commands[1]?.line).toBe('curl localhost:4711/hello')
})

it('reads the requests that curl makes', () => {
  expect(requestOf('curl -s localhost:1/a')).toEqual({
    url: 'http://localhost:1/a',
    init: { method: 'GET', headers: [] },
  })
  expect(requestOf(`curl -X PUT -H 'x-a: b: c' -d '{"a":"b c"}' "http://localhost:1/a?b=c"`)).toEqual({
    url: 'http://localhost:1/a?b=c',
    init: { method: 'PUT', headers: [['x-a', 'b: c']], body: '{"a":"b c"}' },
  })
})
