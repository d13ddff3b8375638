import { readFile, stat } from 'node:fs/promises'
import type { Address, ConnectionSettings } from './settings.ts'

/**
 * Returns the password for a server from a password file; undefined without a file or an entry. Like psql, it ignores a
 * file that other users may read.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function passwordFor(
  { passfile, database, user }: Pick<ConnectionSettings, 'passfile' | 'database' | 'user'>,
  { host, port }: Address,
): Promise<string | undefined> {
  const found = await stat(passfile).catch(() => undefined)
  if (!found?.isFile() || (process.platform !== 'win32' && (found.mode & 0o077) !== 0)) return undefined
  const text = await readFile(passfile, 'utf8').catch(() => '')
  const entry = [host.startsWith('/') ? 'localhost' : host, String(port), database, user]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = fieldsOf(line)
    if (fields.length === 5 && entry.every((value, i) => fields[i] === '*' || fields[i] === value)) return fields[4]
  }
  return undefined
}

/** host:port:database:user:password; `\:` and `\\` stand for `:` and `\`. */
function fieldsOf(line: string): readonly string[] {
  const [, ...fields] = format.exec(line) ?? []
  return fields.map((field) => field.replace(/\\(.)/g, '$1'))
}

const format = new RegExp(
  `^${Array(5)
    .fill(String.raw`((?:\\.|[^\\:])*)`)
    .join(':')}(?::|$)`,
)
