import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { load } from '../load/load.ts'
import { logLevels, type LogLevel } from '../log/logger.ts'
import { connectionSettings } from '../sql/url/settings.ts'
import { discoveryDefaults, discoverySettings, type DiscoveryConfig } from './discoveryConfig.ts'
import { logDefaults, logSettings, type LogConfig } from './logConfig.ts'
import type { Setting } from './setting.ts'
import { traceDefaults, traceSettings, type TraceConfig } from './traceConfig.ts'

/** What differs between the places a service runs in. */
export interface Config extends DiscoveryConfig, LogConfig, TraceConfig {
  /** Address to listen on, or `unix:` and the path of a socket (`HOST`). Default `127.0.0.1`. */
  readonly host: string
  /** Port to listen on (`PORT`); 0 takes a free one. Default: the service's own, else 0. */
  readonly port: number
  /**
   * Milliseconds that a service which stops answers as before, for load balancers that hear of it late
   * (`TRICUBE_PRE_STOP_DELAY_MS`). Default: the service's own, else 0.
   */
  readonly preStopDelayMs: number
  /** The service's database (`DATABASE_URL`). */
  readonly databaseUrl: string | undefined
  /** Read-only copies of it (`DATABASE_REPLICA_URLS`, separated by commas). */
  readonly databaseReplicaUrls: readonly string[]
  /** The least important line that is logged (`LOG_LEVEL`). Default `info`. */
  readonly logLevel: LogLevel
}

/** The configuration of a service that runs. */
export interface LiveConfig extends Config {
  /**
   * Tells the value of a key in Consul's key-value store, at once when it is known and at each change, undefined when
   * there is none; returns what ends it. It ends with the service.
   *
   * @example
   * config.watch('user-service/greeting', (text) => (greeting = text ?? 'Hello'))
   */
  watch(key: string, onChange: (value: string | undefined) => void): () => void
}

/** A configuration that cannot be used; the message is one line: the name, its source, what was expected. */
export class ConfigError extends TypeError {
  override readonly name: string = 'ConfigError'
}

/**
 * Types a configuration file; write it as the default export of `tricube.config.ts`.
 *
 * @example
 * export default defineConfig({ databaseUrl: 'postgres://localhost/users', logLevel: 'debug' })
 */
export function defineConfig(config: Partial<Config>): Partial<Config> {
  return config
}

/**
 * The configuration: defaults, over them the file, over it the environment.
 *
 * The file is the one that the variable `TRICUBE_CONFIG` names, else `tricube.config.{ts,js,mjs}` in the working folder.
 *
 * @throws {ConfigError} naming the first value that is wrong, where it came from and what was expected
 */
export async function loadConfig(defaults: Partial<Config>, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const config: Record<string, unknown> = { ...builtIn, ...defaults }
  const file = await configFile(env)
  for (const [name, value] of Object.entries(file?.values ?? {})) {
    if (!(name in settings)) {
      throw new ConfigError(`${name} in ${file?.path}: unknown, expected one of ${Object.keys(settings).join(', ')}`)
    }
    if (value !== undefined) config[name] = checked(name as keyof Config, value, file?.path as string)
  }
  for (const [name, { variable, parse }] of Object.entries(settings)) {
    const text = env[variable]
    if (text === undefined || text === '') continue
    config[name] = checked(name as keyof Config, parse(text), 'the environment', variable)
  }
  return config as unknown as Config
}

const builtIn: Config = {
  host: '127.0.0.1',
  port: 0,
  preStopDelayMs: 0,
  databaseUrl: undefined,
  databaseReplicaUrls: [],
  logLevel: 'info',
  ...discoveryDefaults,
  ...logDefaults,
  ...traceDefaults,
}

const settings: { readonly [Name in keyof Config]: Setting } = {
  host: {
    variable: 'HOST',
    expected: 'an address, a host name, or a socket like unix:/run/user-service.sock',
    parse: (text) => text,
    accepts: (value) => typeof value === 'string' && /^(?:[\w.:-]+|unix:\/.+)$/.test(value),
  },
  port: {
    variable: 'PORT',
    expected: 'a whole number from 0 to 65535',
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
    accepts: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65535,
  },
  preStopDelayMs: {
    variable: 'TRICUBE_PRE_STOP_DELAY_MS',
    expected: 'a whole number of milliseconds',
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
    accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    expected: 'a URL like postgres://user:password@host:5432/database',
    parse: (text) => text,
    accepts: isPostgresUrl,
    problem: problemOfUrl,
    secret: true,
  },
  databaseReplicaUrls: {
    variable: 'DATABASE_REPLICA_URLS',
    expected: 'URLs like postgres://user:password@host:5432/database, separated by commas',
    parse: (text) => text.split(/,(?=postgres(?:ql)?:)/), // a URL may itself name several hosts
    accepts: (value) => Array.isArray(value) && value.every(isPostgresUrl),
    problem: (value) => (Array.isArray(value) ? value.map(problemOfUrl).find(Boolean) : undefined),
    secret: true,
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    expected: `one of ${logLevels.join(', ')}`,
    parse: (text) => text.toLowerCase(),
    accepts: (value) => logLevels.includes(value as LogLevel),
  },
  ...discoverySettings,
  ...logSettings,
  ...traceSettings,
}

function checked(name: keyof Config, value: unknown, source: string, shownAs: string = name): unknown {
  const { accepts, expected, secret, problem } = settings[name]
  if (accepts(value)) return value
  const wrong = problem?.(value)
  const what = wrong ?? `expected ${expected}${secret ? '' : `, got ${JSON.stringify(value)}`}`
  throw new ConfigError(`${shownAs} in ${source}: ${what}`)
}

function isPostgresUrl(value: unknown): boolean {
  return problemOfUrl(value) === undefined
}

/** What is wrong with the URL of a database, never a part of it that may be a password. */
function problemOfUrl(value: unknown): string | undefined {
  try {
    connectionSettings(value)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

async function configFile(env: NodeJS.ProcessEnv): Promise<{ path: string; values: object } | undefined> {
  const named = env['TRICUBE_CONFIG']
  const path = named || (await firstThatExists(['tricube.config.ts', 'tricube.config.js', 'tricube.config.mjs']))
  if (!path) return undefined
  let module: { default?: unknown }
  try {
    module = await load(resolve(path))
  } catch (cause) {
    const source = named ? ' (named by TRICUBE_CONFIG)' : ''
    throw new ConfigError(`${path}${source} cannot be loaded: ${(cause as Error).message}`, { cause })
  }
  if (typeof module.default !== 'object' || module.default === null) {
    throw new ConfigError(`${path}: expected \`export default defineConfig({ … })\``)
  }
  return { path, values: module.default }
}

async function firstThatExists(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    )
    if (exists) return path
  }
  return undefined
}
