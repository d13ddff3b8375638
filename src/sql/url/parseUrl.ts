/** The parts of a connection string, decoded, under libpq's parameter names. `host` and `port` may be lists. */
export type RawParameters = Readonly<Record<string, string>>

/**
 * Parses a connection string as libpq does: `postgres://user:password@host:port,host:port/database?parameter=value`.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * @throws {TypeError} whose message contains nothing that could be a password
 */
export function parseUrl(text: unknown): RawParameters {
  if (typeof text !== 'string') throw new TypeError(`expected ${form}, got ${typeof text}`)
  const scheme = /^postgres(?:ql)?:\/\//.exec(text)?.[0]
  if (scheme === undefined) throw new TypeError(`expected ${form}`)
  const { authority, path, query } = split(text.slice(scheme.length))
  const at = authority.lastIndexOf('@')
  return {
    ...(at >= 0 && credentials(authority.slice(0, at))),
    ...addresses(authority.slice(at + 1)),
    ...(path !== '' && { dbname: decoded(path, 'the name of the database') }),
    ...parameters(query),
  }
}

const form = 'a URL like postgres://user:password@host:5432/database'

// Only these characters are special, not even #: a password may contain all other characters as they are.
function split(rest: string): { authority: string; path: string; query: string } {
  const [beforeQuery = '', ...queries] = rest.split('?')
  const [authority = '', ...paths] = beforeQuery.split('/')
  const path = paths.join('/')
  const query = queries.join('?')
  if (!authority.includes('@') && /@/.test(path + query.split('&')[0]) && !isPortList(authority)) {
    throw new TypeError('its user or password contains / ? or @: write them as %2F, %3F and %40')
  }
  return { authority, path, query }
}

function isPortList(authority: string): boolean {
  return /^(?:[^:]*|.*\]|.*:\d*)$/.test(authority)
}

function credentials(text: string): RawParameters {
  const colon = text.indexOf(':')
  const user = decoded(colon < 0 ? text : text.slice(0, colon), 'the user')
  const password = colon < 0 ? '' : decoded(text.slice(colon + 1), 'the password')
  return { ...(user !== '' && { user }), ...(password !== '' && { password }) }
}

function addresses(text: string): RawParameters {
  if (text === '') return {}
  const pairs = text.split(',').map((one) => {
    const [, bracketed, plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(one) ?? []
    if (port.includes(':') || (bracketed === undefined && plain === '' && port === '' && one !== '')) {
      throw new TypeError('one of its hosts is not valid: write an IPv6 address as [::1]')
    }
    return { host: decoded(bracketed ?? plain, 'a host'), port }
  })
  const hosts = pairs.map(({ host }) => host).join(',')
  const ports = pairs.map(({ port }) => port).join(',')
  return { ...(/[^,]/.test(hosts) && { host: hosts }), ...(/[^,]/.test(ports) && { port: ports }) }
}

function parameters(query: string): RawParameters {
  if (query === '') return {}
  return Object.fromEntries(
    query.split('&').map((pair) => {
      const equals = pair.indexOf('=')
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals), 'a parameter')
      if (equals < 1) throw new TypeError(`its parameter ${name || 'without a name'} has no value: write name=value`)
      const value = pair.slice(equals + 1)
      // URLSearchParams writes a space as + and a plus sign as %2B. Only these parameters contain spaces.
      const spaced = spacedParameters.has(name) ? value.replaceAll('+', ' ') : value
      return [name, decoded(spaced, `the parameter ${name}`)]
    }),
  )
}

const spacedParameters: ReadonlySet<string> = new Set(['options', 'application_name'])

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError(`${what} contains a % that begins no escape: write it as %25`)
  }
}
