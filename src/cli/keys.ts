import { parseArgs } from 'node:util'
import { createApiKey, listApiKeys, revokeApiKey, type ListedApiKey } from '../auth/keys/admin.ts'
import { database, DatabaseError } from '../sql/index.ts'
import { columns, print } from './columns.ts'
import { CliError } from './failure.ts'

const usage = `Usage: tricube keys <command> [--url <database>]

  create --name <text> --owner <id> [--scopes <a,b>] [--expires <n>d]
                         print a new key, which is shown this once
  list [--owner <id>] [--json]
  revoke <id>            reject the key from now on

The database is that of --url, or of DATABASE_URL.
`

const commands: readonly string[] = ['create', 'list', 'revoke']

/** `tricube keys`: the API keys of a service. */
export async function keysCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      name: { type: 'string' },
      owner: { type: 'string' },
      scopes: { type: 'string' },
      expires: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [command, idText, ...others] = positionals
  if (values.help) return print(usage)
  if (command === undefined || others.length > 0) throw new CliError(usage.trim(), 2)
  if (!commands.includes(command)) {
    throw new CliError(`tricube keys: unknown command ${JSON.stringify(command)}, expected ${commands.join(', ')}`, 2)
  }
  const { url = process.env['DATABASE_URL'], name, owner, scopes = '', expires } = values
  if (!url) throw new CliError('tricube keys needs the database of the service: set DATABASE_URL or pass --url', 2)
  await using db = database({ url, lanes: 0, pool: 1, applicationName: 'tricube keys' })
  try {
    switch (command) {
      case 'create': {
        if (!name || !owner) throw new CliError('tricube keys create needs --name and --owner', 2)
        const all = scopes.split(',').map((scope) => scope.trim())
        const wanted = { name, owner, scopes: all.filter(Boolean), expiresAt: expiryOf(expires) }
        const { id, key } = await createApiKey(db, wanted)
        process.stderr.write(`key ${id}, which is shown this once:\n`) // so that a pipe gets the key alone
        return print(`${key}\n`)
      }
      case 'list': {
        const keys = await listApiKeys(db, owner === undefined ? {} : { owner })
        return print(values.json ? `${JSON.stringify(keys, null, 2)}\n` : listOf(keys))
      }
      default: {
        if (!/^[1-9]\d{0,15}$/.test(idText ?? '')) {
          throw new CliError(`the id of a key is a whole number, not ${idText ?? 'missing'}: see tricube keys list`, 2)
        }
        if (!(await revokeApiKey(db, Number(idText)))) throw new CliError(`there is no key ${idText}`)
        return print(`key ${idText} is revoked\n`)
      }
    }
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === noSuchTable) {
      throw new CliError('this database has no API keys: start the service once, or run tricube migrate up')
    }
    throw error
  }
}

/** PostgreSQL's code. */
const noSuchTable = '42P01'
const dayMs = 86_400_000

/** @throws {CliError} when it is no number of days */
function expiryOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,4}d$/.test(text))
    throw new CliError(`--expires: expected days like 90d, got ${JSON.stringify(text)}`, 2)
  return new Date(Date.now() + Number(text.slice(0, -1)) * dayMs)
}

/** A line for each key. */
function listOf(keys: readonly ListedApiKey[]): string {
  if (keys.length === 0) return 'no keys\n'
  return columns(
    keys.map((key) => [key.id, key.name, key.owner, key.scopes.join(',') || '-', `…${key.ending}`, stateOf(key)]),
  )
}

function stateOf({ revokedAt, expiresAt, lastUsedAt }: ListedApiKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) return `expired ${expiresAt}`
  return lastUsedAt === null ? 'never used' : `used ${lastUsedAt}`
}
