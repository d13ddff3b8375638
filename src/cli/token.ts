/** `tricube token`: prints a token of the issuer of a running `tricube dev`. */
import { parseArgs } from 'node:util'
import { runningDev } from './dev/folderLock.ts'
import { CliError } from './failure.ts'

const usage = 'Usage: tricube token --user <id> [--scopes <a,b>] [--tenant <id>]'

/**
 * Prints an access token for a user, with which to call the services of the `tricube dev` in this folder.
 *
 * @throws {CliError} when no `tricube dev` runs here, or its services have another issuer
 */
export async function tokenCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { user: { type: 'string' }, scopes: { type: 'string' }, tenant: { type: 'string' } },
  })
  const { user, scopes = '', tenant } = values
  if (!user || positionals.length > 0) throw new CliError(usage, 2)
  const dev = await runningDev('.')
  if (!dev) throw new CliError('tricube token: no tricube dev runs in this folder; start it here first')
  const issuer = Object.values(dev).find((env) => env['AUTH_ISSUER'])?.['AUTH_ISSUER']
  if (!issuer) {
    throw new CliError(
      'tricube token: no service here asks for users, or AUTH_ISSUER names another issuer; ask that one',
    )
  }
  const response = await fetch(`${issuer}/tricube/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, tenant, scopes: scopes.split(/[\s,]+/).filter(Boolean) }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  process.stdout.write(`${token}\n`)
  return 0
}
