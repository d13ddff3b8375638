import { parseArgs } from 'node:util'
import { createApiKey, listApiKeys, revokeApiKey, type ListedApiKey } from '../auth/keys/admin.ts'
import { columns, print } from './columns.ts'
import { CliError } from './failure.ts'
import { checkCommand, databaseOptions, databaseUsage, onDatabase, type DatabaseCommand } from './onDatabase.ts'

const usage = `Usage: tricube keys <command> [--url <database> | --service <name>]

  create --name <text> --owner <id> [--scopes <a,b>] [--expires <n>d]
                         print a new key, which is shown this once
  list [--owner <id>] [--json]
  revoke <id>            reject the key from now on

${databaseUsage}`

const program: DatabaseCommand = {
  program: 'keys',
  usage,
  commands: ['create', 'list', 'revoke'],
  missing: () =>
    'this database has no API keys: give its service auth: { key: apiKeys() }, then start it or run tricube migrate up',
}

/** `tricube keys`: the API keys of a service. */
export async function keysCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      ...databaseOptions,
      name: { type: 'string' },
      owner: { type: 'string' },
      scopes: { type: 'string' },
      expires: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [word, idText, ...others] = positionals
  if (values.help) return print(usage)
  const command = checkCommand(program, word, others)
  const { name, owner, scopes = '', expires } = values
  return onDatabase(program, command, values, async (db) => {
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
  })
}

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
