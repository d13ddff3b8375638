import { readFile, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import type { Setting } from '../../src/config/setting.ts'
import { settingsOf } from '../../src/service/definition/config.ts'

const page = new URL('../../docs/configuration.md', import.meta.url)
const [begin, end] = [
  '<!-- settings: written by test/repository/settings.test.ts -->\n',
  '<!-- end of the settings -->\n',
]

// With TRICUBE_WRITE_DOCS=1 it writes the table.
it('docs/configuration.md has every setting', async () => {
  const text = await readFile(page, 'utf8')
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  expect(from).toBeGreaterThan(begin.length)
  const rows = Object.entries<Setting>(settingsOf({})).map(rowOf)
  const table = `\n| variable | in the file | default | meaning |\n|---|---|---|---|\n${rows.join('')}\n`
  if (process.env['TRICUBE_WRITE_DOCS']) await writeFile(page, text.slice(0, from) + table + text.slice(to))
  else expect(text.slice(from, to)).toBe(table)
})

function rowOf([name, { variable, value, fallback, meaning }]: [string, Setting]): string {
  expect(meaning).not.toBe('')
  return `| \`${variable}\` | \`${name}\` | ${fallback ?? shown(value)} | ${meaning} |\n`
}

function shown(value: unknown): string {
  if (value === undefined || (typeof value === 'object' && Object.keys(value!).length === 0)) return 'none'
  return `\`${Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value)}\``
}
