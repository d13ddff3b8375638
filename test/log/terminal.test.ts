import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Screen } from '../../src/cli/dev/screen.ts'
import { formatLogLine } from '../../src/log/pretty.ts'
import { drawTree } from '../../src/trace/export/tree.ts'
import { built } from '../built.ts'
import { tricube } from '../cli/run.ts'

/** What a terminal acts on: C0 but for tabs and line breaks, DEL, C1, and Unicode's marks of direction and line breaks. */
// oxlint-disable-next-line no-control-regex
const harmful = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/
// oxlint-disable-next-line no-control-regex
const colors = /\u001b\[[\d;]*m/g
const attacks = [
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u009b2J',
  '\u009d0;title\u009c',
  '\b\b\b',
  '\r13:00:00.000 ERROR forged',
  '\n13:00:00.000 ERROR forged',
  '\r\n13:00:00.000 ERROR forged',
  '\u2028forged',
  '\u202egnp.exe',
  '\u2066hidden\u2069',
  '\u007f\0\u000b\u000c\u0085',
  '\u001b[31m',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 6 })
  .map((parts) => parts.join(''))
const plain = (_color: string, text: string): string => text

it('escapes everything in a line that moves the cursor or starts a line', () => {
  const value = fc.oneof(hostile, fc.array(hostile), fc.dictionary(hostile, hostile))
  const record = fc.record({
    level: fc.oneof(fc.constantFrom('info', 30), hostile),
    time: fc.oneof(fc.constant('2026-01-01T00:00:00.000Z'), hostile),
    msg: hostile,
    extra: value,
  })
  fc.assert(
    fc.property(record, fc.dictionary(hostile, value), (line, fields) => {
      const shown = formatLogLine(JSON.stringify({ ...fields, ...line }), plain)
      expect(shown).not.toMatch(harmful)
      expect(shown.split('\n')).toHaveLength(1)
    }),
  )
})

it('prints only the stack below a line, indented unlike a log line', () => {
  fc.assert(
    fc.property(hostile, hostile, (message, stack) => {
      const err = { type: 'Error', message, stack: `Error: ${message}\n    at x (file.ts:1:2)\n${stack}` }
      const shown = formatLogLine(JSON.stringify({ level: 'error', time: '2026-01-01', msg: 'x', err }), plain)
      expect(shown).not.toMatch(harmful)
      const [first, title, ...rest] = shown.split('\n')
      expect(first).toMatch(/ERROR x$/)
      expect(title).toMatch(/^Error: /)
      for (const line of rest) expect(line).toMatch(/^(?:\s|$)/)
    }),
  )
})

it('keeps the colours of a line that is not JSON, and resets them at its end', () => {
  expect(formatLogLine('\u001b[31mred\u001b[2J', plain)).toBe('\u001b[31mred\\u001b[2J\u001b[0m')
  fc.assert(
    fc.property(hostile, (line) => {
      const shown = formatLogLine(`x${line.replaceAll('\n', '')}`, plain)
      expect(shown.replaceAll(colors, '')).not.toMatch(harmful)
    }),
  )
})

it('leaves harmless text of any language unchanged', () => {
  const texts = ['a = "b"', 'Grüße, 你好, שלום', '👩‍👩‍👧 family', 'tab\there', 'ﬀ − €']
  for (const msg of texts) {
    expect(formatLogLine(JSON.stringify({ level: 'info', time: 0, msg }), plain)).toContain(msg)
    expect(formatLogLine(msg, plain)).toBe(msg)
  }
})

it('escapes what dev prints: output of services, file names, errors, traces', async () => {
  const out = Object.assign(new PassThrough(), { isTTY: true, hasColors: () => true }) as unknown as NodeJS.WriteStream
  const screen = new Screen(out)
  screen.add('users')
  for (const attack of attacks) {
    screen.log('users', JSON.stringify({ level: 'info', time: 0, msg: attack, [attack]: attack }))
    screen.log('users', `console.log ${attack.replaceAll(/[\r\n]/g, '')}`)
    screen.info(`file ${attack.replaceAll('\n', '')} changed`)
    screen.warn(`failed: ${attack.replaceAll('\n', '')}`, [JSON.stringify({ level: 'info', time: 0, msg: attack })])
    const span = { id: '1', parentId: undefined, service: attack, name: attack, startMs: 0, durationMs: 1 }
    screen.info(drawTree([{ ...span, errorType: attack, note: attack }]))
  }
  out.end()
  const text = ((await out.toArray()) as Buffer[]).join('')
  expect(text.replaceAll(colors, '')).not.toMatch(harmful)
  expect(text.replaceAll(colors, '')).not.toMatch(/^13:00/m)
  expect(text).toContain('\\u009b2J')
})

it('escapes the messages of commands', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tricube-terminal-'))
  const hidden = '\u001b[2J\u009b2J\u202e'
  await mkdir(join(folder, 'bad'))
  await writeFile(join(folder, 'bad', 'service.mjs'), `throw new Error(${JSON.stringify(`it is ${hidden}`)})`)
  const index = built('index.js').href
  const title = `title ${hidden}`
  await writeFile(
    join(folder, 'titled.mjs'),
    `import { contract, service, t } from ${JSON.stringify(index)}
     const c = contract('titled', { a: { route: 'GET /a', summary: ${JSON.stringify(title)}, returns: t.String() } })
     export default service(c, { handlers: { a: () => '' } })`,
  )
  for (const args of [
    ['start', join(folder, 'bad', 'service.mjs')],
    ['start', join(folder, hidden)],
    ['openapi', hidden],
    [hidden],
    ['start', `--${hidden}`],
    ['migrate', hidden],
    ['migrate', 'up', join(folder, hidden)],
    ['migrate', 'up', `--${hidden}`],
  ]) {
    const { code, stdout, stderr } = await tricube(args).ended
    expect(code, args.join(' ')).toBeGreaterThan(0)
    expect(stdout + stderr, args.join(' ')).not.toMatch(harmful)
  }
  const { code, stdout } = await tricube(['openapi', join(folder, 'titled.mjs')]).ended
  expect(code).toBe(0)
  expect(stdout).not.toMatch(harmful)
  expect(JSON.parse(stdout).paths['/a'].get.summary).toBe(title)
  await rm(folder, { recursive: true })
})
