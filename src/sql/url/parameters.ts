/**
 * The parameters of a connection string, and the environment variables that replace them.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */

/** The values of sslmode, from the weakest to the strictest. */
export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof sslModes)[number]

export const sessionAttrs = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const
/** The kind of server to connect to. */
export type SessionAttrs = (typeof sessionAttrs)[number]

interface Parameter {
  readonly variable?: string
  /** The allowed values. Default: any. */
  readonly values?: readonly string[]
}

const number = /^\d+$/

/** The supported parameters. */
const parameters: Readonly<Record<string, Parameter>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  dbname: { variable: 'PGDATABASE' },
  passfile: { variable: 'PGPASSFILE' },
  options: { variable: 'PGOPTIONS' },
  application_name: { variable: 'PGAPPNAME' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  sslmode: { variable: 'PGSSLMODE', values: [...sslModes, 'no-verify'] },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', values: ['postgres', 'direct'] },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', values: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] },
  channel_binding: { variable: 'PGCHANNELBINDING', values: ['disable', 'prefer', 'require'] },
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS', values: sessionAttrs },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', values: ['disable', 'random'] },
  gssencmode: { values: ['disable', 'prefer'] },
  client_encoding: { values: ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'] },
}

/** Parameters without effect here; connections always use keepalive. */
const ignored =
  /^(?:keepalives(?:_idle|_interval|_count)?|tcp_user_timeout|fallback_application_name|sslcompression|sslsni|uselibpqcompat)$/
const settings = /^(?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout|search_path|timezone)$/i

/**
 * Returns the parameters of a URL under their usual names.
 *
 * @throws {TypeError} naming the first parameter that is invalid or unknown
 */
export function checkedParameters(raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(raw)) {
    if (ignored.test(name)) continue
    if (name === 'ssl') checked['sslmode'] ??= sslModeOf(value)
    else if (name === 'database') checked['dbname'] = value
    else if (parameters[name]) checked[name] = allowed(name, value)
    else throw new TypeError(unknown(name))
  }
  return checked
}

/** Returns the value of a parameter in the environment; undefined without one. */
export function fromEnvironment(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const { variable } = parameters[name]!
  const value = variable && env[variable]
  return value ? allowed(name, value, variable) : undefined
}

/** Reads an integer between two bounds. */
export function numberOf(name: string, text: string, least: number, most: number): number {
  const value = number.test(text) ? Number(text) : NaN
  if (value >= least && value <= most) return value
  throw new TypeError(`its ${name} must be an integer from ${least} to ${most}`)
}

function allowed(name: string, value: string, source = `its parameter ${name}`): string {
  const { values } = parameters[name]!
  if (!values || values.includes(value)) return value
  throw new TypeError(`${source} must be one of ${values.join(', ')}; got ${JSON.stringify(value)}`)
}

// JDBC's parameter, which libpq understands as well.
function sslModeOf(value: string): SslMode {
  if (/^(?:true|1)$/.test(value)) return 'require'
  if (/^(?:false|0)$/.test(value)) return 'disable'
  throw new TypeError(`its parameter ssl must be true or false; got ${JSON.stringify(value)}`)
}

function unknown(name: string): string {
  if (settings.test(name)) return `its parameter ${name} is a setting of the server, use options=-c%20${name}%3D…`
  return `its parameter ${name} is not supported, expected one of ${Object.keys(parameters).join(', ')}`
}
