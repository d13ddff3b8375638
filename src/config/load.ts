import { ConfigError } from './configError.ts'
import { loadConfigFile } from './file.ts'
import { hideSecrets, secretSettings } from './hide.ts'
import { nearestName } from '../schema/validator/nearestName.ts'
import { describeValue } from '../schema/describeValue.ts'
import type { Setting, Settings } from './setting.ts'

/** A configuration and the source of each value. */
export interface Loaded<Config> {
  readonly values: Config
  /** The source by name: `default`, `the service`, the file's path, or the variable. */
  readonly origins: ReadonlyMap<string, string>
  /** A line for each variable that starts like tricube's but is unknown; it may be misspelt. */
  readonly unknown: readonly string[]
}

/** Options of `loadConfig`. */
export interface LoadOptions<Config> {
  /** The options of the service. */
  readonly options?: object
  /** Values of a test, which override all others. */
  readonly overrides?: Partial<Config>
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Loads a configuration: the defaults, then the service's `options`, the file and the environment; later ones override.
 *
 * @throws {ConfigError} which names the first invalid value, its source and what was expected
 */
export async function loadConfig<Config extends object>(
  settings: Settings<Config>,
  { options = {}, overrides = {}, env = process.env }: LoadOptions<Config> = {},
): Promise<Loaded<Config>> {
  const values: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const known: readonly (readonly [string, Setting])[] = Object.entries(settings)
  for (const [name, { value, own }] of known) {
    const said = own?.(options as never)
    values[name] = said ?? value
    origins.set(name, said === undefined ? 'default' : 'the service')
  }
  const file = await loadConfigFile(env)
  for (const [name, value] of Object.entries(file?.values ?? {})) {
    const setting = known.find(([one]) => one === name)?.[1]
    if (!setting)
      throw new ConfigError(`${name} in ${file!.path}: unknown, expected one of ${Object.keys(settings).join(', ')}`)
    if (value === undefined) continue
    values[name] = checked(setting, value, `${name} in ${file!.path}`)
    origins.set(name, file!.path)
  }
  for (const [name, setting] of known) {
    const text = env[setting.variable]
    if (text === undefined || text === '') continue
    values[name] = checked(setting, setting.parse?.(text) ?? text, `${setting.variable} in the environment`)
    origins.set(name, setting.variable)
  }
  for (const [name, value] of Object.entries(overrides)) {
    const setting = known.find(([one]) => one === name)?.[1]
    values[name] = setting && value !== undefined ? checked(setting, value, `${name} of the test`) : value
  }
  const missing = known.find(([name, { isRequired }]) => isRequired && values[name] === undefined)
  if (missing) {
    const [name, { variable }] = missing
    throw new ConfigError(`${variable} is not set: set it in the environment, or ${name} in tricube.config.ts`)
  }
  hideSecrets(values, secretSettings(settings as Settings))
  return { values: values as Config, origins, unknown: unknownVariables(known, env) }
}

function checked(setting: Setting, value: unknown, source: string): unknown {
  if (setting.accepts(value)) return value
  const wrong = setting.wrong?.(value)
  throw new ConfigError(
    `${source}: ${wrong ?? `expected ${setting.expected}${setting.secret ? '' : `, got ${describeValue(value)}`}`}`,
  )
}

/** The variables that tricube reads besides its settings. */
const otherVariables: ReadonlySet<string> = new Set(['TRICUBE_CONFIG', 'TRICUBE_WORKER_COUNT', 'TRICUBE_WORKER_NUMBER'])

function unknownVariables(known: readonly (readonly [string, Setting])[], env: NodeJS.ProcessEnv): string[] {
  const variables = known.map(([, { variable }]) => variable)
  const unknown = Object.keys(env).filter(
    (name) =>
      name.startsWith('TRICUBE_') &&
      !name.startsWith('TRICUBE_TEST_') &&
      !otherVariables.has(name) &&
      !variables.includes(name),
  )
  return unknown.map((name) => {
    const nearest = nearestName(name, variables)
    return `${name} in the environment: no setting has that name${nearest ? `, did you mean ${nearest}?` : ''}`
  })
}
