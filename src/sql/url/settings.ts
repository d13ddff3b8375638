import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { checkedParameters, fromEnvironment, numberOf, type SessionAttrs, type SslMode } from './parameters.ts'
import { parseUrl } from './parseUrl.ts'

/** The address of a server. */
export interface Address {
  /** A name, an IP address, or the folder of a socket, which begins with `/`. */
  readonly host: string
  /** The IP address to connect to, when `host` is only the name that a certificate is checked against. */
  readonly hostaddr: string | undefined
  readonly port: number
}

/** How to connect, from a connection string and the environment. */
export interface ConnectionSettings {
  /** Attempted in this order, or in random order with `loadBalance`. */
  readonly addresses: readonly Address[]
  readonly user: string
  readonly database: string
  readonly password: string | undefined
  readonly passfile: string
  readonly options: string | undefined
  readonly applicationName: string | undefined
  /** Milliseconds for one address. Undefined: an equal share of the whole time. */
  readonly connectTimeoutMs: number | undefined
  readonly sslmode: SslMode
  readonly sslrootcert: string | undefined
  readonly sslcert: string | undefined
  readonly sslkey: string | undefined
  readonly sslpassword: string | undefined
  readonly sslMinVersion: string | undefined
  readonly isDirect: boolean
  readonly needsChannelBinding: boolean
  readonly targetSessionAttrs: SessionAttrs
  readonly loadBalance: boolean
}

/**
 * Reads a connection string as psql does. Variables `PG…` provide what it leaves out.
 *
 * @throws {TypeError} saying what is wrong in it, without a password
 */
export function connectionSettings(url: unknown, env: NodeJS.ProcessEnv = process.env): ConnectionSettings {
  const inUrl = checkedParameters(parseUrl(url))
  const get = (name: string): string | undefined => inUrl[name] ?? fromEnvironment(name, env)
  const user = get('user') ?? userInfo().username
  const mode = get('sslmode') ?? 'prefer'
  const isDirect = get('sslnegotiation') === 'direct'
  if (isDirect && /^(?:disable|allow|prefer)$/.test(mode)) {
    throw new TypeError(`its sslnegotiation=direct needs sslmode=require or stricter; got ${mode}`)
  }
  if (get('sslrootcert') === 'system' && mode !== 'verify-full') {
    throw new TypeError(`its sslrootcert=system needs sslmode=verify-full; got ${mode}`)
  }
  const seconds = get('connect_timeout')
  return {
    addresses: addressesOf(get),
    user,
    database: get('dbname') ?? user,
    password: get('password'),
    passfile: get('passfile') ?? defaultPassfile(env),
    options: get('options'),
    applicationName: get('application_name'),
    connectTimeoutMs:
      seconds === undefined ? undefined : numberOf('connect_timeout', seconds, 0, 86_400) * 1000 || undefined,
    sslmode: mode === 'no-verify' ? 'require' : (mode as SslMode),
    sslrootcert: get('sslrootcert'),
    sslcert: get('sslcert'),
    sslkey: get('sslkey'),
    sslpassword: get('sslpassword'),
    sslMinVersion: get('ssl_min_protocol_version'),
    isDirect,
    needsChannelBinding: get('channel_binding') === 'require',
    targetSessionAttrs: (get('target_session_attrs') ?? 'any') as SessionAttrs,
    loadBalance: get('load_balance_hosts') === 'random',
  }
}

/** Formats an address for messages. */
export function addressText({ host, port }: Address): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function addressesOf(get: (name: string) => string | undefined): readonly Address[] {
  const hostaddrs = get('hostaddr')?.split(',')
  const hosts = get('host')?.split(',') ?? hostaddrs ?? ['']
  const ports = get('port')?.split(',') ?? ['']
  if (ports.length > 1 && ports.length !== hosts.length) {
    throw new TypeError(`it must have one port, or as many ports as hosts (${hosts.length}); got ${ports.length}`)
  }
  if (hostaddrs && hostaddrs.length !== hosts.length) {
    throw new TypeError(
      `it must have as many addresses in hostaddr as hosts (${hosts.length}); got ${hostaddrs.length}`,
    )
  }
  return hosts.map((host, i) => ({
    host: host || 'localhost',
    hostaddr: hostaddrs?.[i] || undefined,
    port: numberOf('port', (ports.length > 1 ? ports[i] : ports[0]) || '5432', 1, 65_535),
  }))
}

function defaultPassfile({ APPDATA }: NodeJS.ProcessEnv): string {
  return process.platform === 'win32' && APPDATA
    ? join(APPDATA, 'postgresql', 'pgpass.conf')
    : join(homedir(), '.pgpass')
}
