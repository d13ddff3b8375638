import type { Client } from 'pg'
import { DatabaseError, isFinal, reasonOf, unreachable } from '../errors/databaseError.ts'
import type { SessionAttrs } from '../url/parameters.ts'
import { addressText, connectionSettings, type Address, type ConnectionSettings } from '../url/settings.ts'
import type { ConnectOptions, LoginLimits } from './options.ts'
import { Connection } from './connection.ts'
import { login, type Login } from './login.ts'
import { openSocket, TlsError, type Security } from './socket.ts'
import { tlsOptions } from './tls.ts'

/** Opens a session with the first server that responds and matches `target_session_attrs`. Rejects with a DatabaseError. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { session } = await begin(options)
  return new Connection(session, options)
}

/** Opens a session as a client of `pg`, for work on a single connection, such as migrations. */
export async function connectClient(
  url: string,
  { applicationName = 'tricube', connectTimeoutMs = 10_000 }: Partial<LoginLimits> = {},
): Promise<Client> {
  const { client } = await begin({ settings: connectionSettings(url), applicationName, connectTimeoutMs })
  return client
}

async function begin(options: LoginLimits & Pick<ConnectOptions, 'settings'>): Promise<Login> {
  const { addresses, loadBalance, targetSessionAttrs } = options.settings
  const acceptable: readonly SessionAttrs[] =
    targetSessionAttrs === 'prefer-standby' ? ['standby', 'any'] : [targetSessionAttrs]
  const order = loadBalance ? shuffled(addresses) : addresses
  const problems: Error[] = []
  for (const attrs of acceptable) {
    for (const address of order) {
      try {
        return await open(address, attrs, options)
      } catch (error) {
        if (error instanceof DatabaseError && isFinal(error)) throw error
        const where = addresses.length > 1 ? `${addressText(address)}: ` : ''
        problems.push(where === '' ? (error as Error) : new Error(where + reasonOf(error), { cause: error }))
      }
    }
  }
  const [first] = problems
  if (problems.length > 1) throw unreachable(new Error(problems.map(reasonOf).join('; '), { cause: first }))
  throw first instanceof DatabaseError ? first : unreachable(first)
}

async function open(
  address: Address,
  attrs: SessionAttrs,
  options: LoginLimits & Pick<ConnectOptions, 'settings'>,
): Promise<Login> {
  const { settings, applicationName, connectTimeoutMs } = options
  const limitMs = Math.min(connectTimeoutMs, settings.connectTimeoutMs ?? connectTimeoutMs / settings.addresses.length)
  const attempts = await attemptsFor(settings, address)
  const end = performance.now() + limitMs
  for (const [i, security] of attempts.entries()) {
    try {
      const socket = await openSocket(address, security, end - performance.now())
      return await login(socket, { address, settings, applicationName, attrs, limitMs: end - performance.now() })
    } catch (error) {
      if (i + 1 === attempts.length || !isWorthNextAttempt(error)) throw error
    }
  }
  throw new Error('there is no way to connect')
}

/** The attempts in order: with TLS, without it, or both. */
async function attemptsFor(
  settings: ConnectionSettings,
  { host }: Address,
): Promise<readonly (Security | undefined)[]> {
  const { sslmode, isDirect } = settings
  if (sslmode === 'disable' || host.startsWith('/')) return [undefined]
  const security: Security = { options: await tlsOptions(settings), isOptional: sslmode === 'prefer', isDirect }
  if (sslmode === 'allow') return [undefined, security]
  return sslmode === 'prefer' ? [security, undefined] : [security]
}

/** Whether the handshake failed, or the server accepts the user only with TLS, or only without it. */
function isWorthNextAttempt(error: unknown): boolean {
  return error instanceof TlsError || (error instanceof DatabaseError && error.sqlstate === '28000')
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
