import fc from 'fast-check'
import { database } from 'tricube/sql'
import { describe, expect, test } from 'vitest'
import { connectionSettings } from '../../../src/sql/url/settings.ts'

/** As a URL alone says it. */
function read(url: string, env: NodeJS.ProcessEnv = {}) {
  return connectionSettings(url, env)
}

test('reads any user, password and database, encoded or not unless that is ambiguous', () => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' })
  fc.assert(
    fc.property(word, word, word, (user, password, dbname) => {
      const encoded = [user, password, dbname].map(encodeURIComponent)
      const url = `postgres://${encoded[0]}:${encoded[1]}@h:6000/${encoded[2]}`
      expect(read(url)).toMatchObject({ user, password, database: dbname, addresses: [{ host: 'h', port: 6000 }] })
      const asParameters = `postgresql:///?user=${encoded[0]}&password=${encoded[1]}&dbname=${encoded[2]}`
      expect(read(asParameters)).toMatchObject({ user, password, database: dbname })
    }),
  )
  expect(read('postgres://u:pa#s$w@rd:!@h/d')).toMatchObject({ user: 'u', password: 'pa#s$w@rd:!' })
})

test.each<[url: string, addresses: readonly [string, number][]]>([
  [
    'postgres://u@10.0.0.1,10.0.0.2/db?target_session_attrs=read-write',
    [
      ['10.0.0.1', 5432],
      ['10.0.0.2', 5432],
    ],
  ],
  [
    'postgres://u@h1:1,h2:2/db',
    [
      ['h1', 1],
      ['h2', 2],
    ],
  ],
  [
    'postgres://u@h1:1,h2,[::1]:3/db',
    [
      ['h1', 1],
      ['h2', 5432],
      ['::1', 3],
    ],
  ],
  [
    'postgres://u@/db?host=h1,h2&port=7',
    [
      ['h1', 7],
      ['h2', 7],
    ],
  ],
  ['postgres://u@%2Frun%2Fpg:6000/db', [['/run/pg', 6000]]],
  ['postgres:///db?host=/run/pg', [['/run/pg', 5432]]],
  ['postgres://', [['localhost', 5432]]],
])('%s', (url, addresses) => {
  expect(read(url).addresses.map(({ host, port }) => [host, port])).toEqual(addresses)
})

test('takes what the URL leaves out from the environment', () => {
  const env = {
    PGHOST: 'h1,h2',
    PGPORT: '1,2',
    PGUSER: 'ann',
    PGDATABASE: 'notes',
    PGPASSWORD: 'p',
    PGSSLMODE: 'verify-full',
    PGTARGETSESSIONATTRS: 'primary',
    PGLOADBALANCEHOSTS: 'random',
    PGCHANNELBINDING: 'require',
    PGCONNECT_TIMEOUT: '2',
    PGOPTIONS: '-c x.y=1',
  }
  expect(read('postgres://', env)).toMatchObject({
    addresses: [
      { host: 'h1', port: 1 },
      { host: 'h2', port: 2 },
    ],
    user: 'ann',
    database: 'notes',
    password: 'p',
    sslmode: 'verify-full',
    targetSessionAttrs: 'primary',
    loadBalance: true,
    needsChannelBinding: true,
    connectTimeoutMs: 2000,
    options: '-c x.y=1',
  })
  expect(read('postgres://bob@h:3/d?sslmode=disable&channel_binding=disable', { ...env, PGPORT: '' })).toMatchObject({
    addresses: [{ host: 'h', port: 3 }],
    user: 'bob',
    sslmode: 'disable',
    needsChannelBinding: false,
  })
})

describe('rejects an invalid URL in one line without its password', () => {
  test.each<[url: unknown, message: string]>([
    ['postgres:/x', 'expected a URL like postgres://user:password@host:5432/database'],
    ['mysql://u:hunter2@h/d', 'expected a URL like postgres://user:password@host:5432/database'],
    ['not a url', 'expected a URL like postgres://user:password@host:5432/database'],
    ['postgres://u:hunter2/x@h/d', 'its user or password contains / ? or @: write them as %2F, %3F and %40'],
    ['postgres://u:hunter2?x@h/d', 'its user or password contains / ? or @: write them as %2F, %3F and %40'],
    ['postgres://u:hunter2%@h/d', 'the password contains a % that begins no escape: write it as %25'],
    ['postgres://u:hunter2@h:port/d', 'its port must be an integer from 1 to 65535'],
    ['postgres://u@h1,h2,h3/d?port=1,2', 'it must have one port, or as many ports as hosts (3); got 2'],
    ['postgres://u@::1/d', 'one of its hosts is not valid: write an IPv6 address as [::1]'],
    [
      'postgres://u@h/d?sslmode=verify_full',
      'its parameter sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full, no-verify; got "verify_full"',
    ],
    ['postgres://u@h/d?service=x', 'its parameter service is not supported, expected one of host, '],
    ['postgres://u@h/d?sslmod=require', 'its parameter sslmod is not supported, expected one of host, '],
    [
      'postgres://u@h/d?statement_timeout=5',
      'its parameter statement_timeout is a setting of the server, use options=',
    ],
    [
      'postgres://u@h/d?sslnegotiation=direct',
      'its sslnegotiation=direct needs sslmode=require or stricter; got prefer',
    ],
    ['postgres://u@h/d?connect_timeout=soon', 'its connect_timeout must be an integer from 0 to 86400'],
    [
      'postgres://u@h/d?target_session_attrs=master',
      'its parameter target_session_attrs must be one of any, read-write, ',
    ],
  ])('%s', (url, message) => {
    let error: Error | undefined
    try {
      database({ url: url as string })
    } catch (thrown) {
      error = thrown as Error
    }
    expect(error).toBeInstanceOf(TypeError)
    expect(error!.message).toContain(`database url: ${message}`)
    expect(error!.message).not.toMatch(/hunter2|\n/)
    expect(() => database({ url: 'postgres://h/d', replicas: [url as string] })).toThrow(
      `database replicas[0]: ${message}`,
    )
    expect(() => database({ shards: { map: { eu: url as string } } })).toThrow(`database shard eu: ${message}`)
  })
})
