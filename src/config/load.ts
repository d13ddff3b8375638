import { ConfigError } from './configError.ts'
import { loadConfigFile } from './file.ts'
import { hideSecrets, secretSettings } from './hide.ts'
import { nearestName } from '../schema/validator/nearestName.ts'
import { describeValue } from '../schema/describeValue.ts'
import type { Setting, Settings } from './setting.ts'

/** A configuration and the source of each value. */
export interface Loaded<Config> {
  readonly values: Config
  /** The source by name: `default`, `the service`, the file's path, or `environment`. */
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

/** A configuration that may have invalid values. */
export interface Inspected<Config> extends Loaded<Config> {
  /** What is wrong with a setting, by its name or, for one that is unknown, by its name in the file. */
  readonly problems: ReadonlyMap<string, string>
}

/**
 * Loads a configuration: the defaults, then the service's `options`, the file and the environment; later ones override.
 *
 * @throws {ConfigError} which names the first invalid value, its source and what was expected
 */
export async function loadConfig<Config extends object>(
  settings: Settings<Config>,
  options: LoadOptions<Config> = {},
): Promise<Loaded<Config>> {
  const { problems, ...loaded } = await inspectConfig(settings, options)
  const [first] = problems.values()
  if (first !== undefined) throw new ConfigError(first)
  makeValues(loaded.values as Record<string, unknown>, settings)
  hideSecrets(loaded.values as Record<string, unknown>, secretSettings(settings as Settings))
  return loaded
}

/** Replaces what the schemas of other libraries read by what they make of it. */
function makeValues(values: Record<string, unknown>, settings: Settings): void {
  for (const [name, { make }] of Object.entries(settings)) if (make) values[name] = make(values[name])
}

/**
 * Loads a configuration as `loadConfig` does, and collects all problems.
 *
 * @throws {ConfigError} when the file cannot be loaded
 */
export async function inspectConfig<Config extends object>(
  settings: Settings<Config>,
  { options = {}, overrides = {}, env = process.env }: LoadOptions<Config> = {},
): Promise<Inspected<Config>> {
  const values: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  const problems = new Map<string, string>()
  const known: readonly (readonly [string, Setting])[] = Object.entries(settings)
  const found = (name: string, problem: string): void => void (problems.has(name) || problems.set(name, problem))
  const set = (name: string, setting: Setting, value: unknown, source: string): void => {
    values[name] = value
    const problem = valueProblem(setting, value)
    if (problem !== undefined) found(name, `${source}: ${problem}`)
  }
  for (const [name, { value, own }] of known) {
    const said = own?.(options as never)
    values[name] = said ?? value
    origins.set(name, said === undefined ? 'default' : 'the service')
  }
  const file = await loadConfigFile(env)
  const unknown = unknownVariables(known, env)
  for (const [name, value] of Object.entries(file?.values ?? {})) {
    const setting = known.find(([one]) => one === name)?.[1]
    const source = `${name} in ${file!.path}`
    if (!setting) {
      const { problem, warning } = unknownName(name, Object.keys(settings), { file: file!.values, env })
      if (problem !== undefined) found(name, `${source}: ${problem}`)
      if (warning !== undefined) unknown.push(`${source}: ${warning}`)
      continue
    }
    if (value === undefined) continue
    set(name, setting, value, source)
    origins.set(name, file!.path)
  }
  for (const [name, setting] of known) {
    const text = env[setting.variable]
    if (text === undefined || text === '') continue
    set(name, setting, setting.parse?.(text) ?? text, `${setting.variable} in the environment`)
    origins.set(name, 'environment')
  }
  for (const [name, value] of Object.entries(overrides)) {
    const setting = known.find(([one]) => one === name)?.[1]
    if (setting && value !== undefined) set(name, setting, value, `${name} of the test`)
    else values[name] = value
  }
  for (const [name, { isRequired, variable }] of known) {
    if (!isRequired || values[name] !== undefined) continue
    found(name, `${variable} is not set: set it in the environment, or ${name} in tricube.config.ts`)
  }
  return { values: values as Config, origins, unknown, problems }
}

/**
 * Returns what is wrong with a name in the file that is no setting of the service. Services may share a file, so that the
 * name may be a setting of another one. It is taken for a misspelt one if it is similar to a setting that is not in the
 * file.
 */
function unknownName(
  name: string,
  names: readonly string[],
  { file, env }: { readonly file: object; readonly env: NodeJS.ProcessEnv },
): { readonly problem?: string; readonly warning?: string } {
  const nearest = nearestName(
    name,
    names.filter((one) => !Object.hasOwn(file, one)),
  )
  const isName = /^[A-Za-z_$]/.test(name)
  if (nearest === undefined && isName) {
    const ofOthers = env[otherSettings]?.split(',').includes(name) ?? false
    return ofOthers ? {} : { warning: 'the service has no setting with that name' }
  }
  return { problem: `unknown, expected one of ${names.join(', ')}${nearest ? `; did you mean ${nearest}?` : ''}` }
}

/** The variable by which `tricube dev` passes the names of the settings of all its services. */
export const otherSettings = 'TRICUBE_OTHER_SETTINGS'
/** The variable by which `tricube run` names the service whose database a script gets. */
export const scriptService = 'TRICUBE_SCRIPT_SERVICE'

function valueProblem(setting: Setting, value: unknown): string | undefined {
  if (setting.accepts(value)) return undefined
  const given = setting.secret ? '' : `, got ${describeValue(value)}`
  return setting.wrong?.(value) ?? `expected ${setting.expected}${given}`
}

/** The variables that tricube reads besides its settings. */
export const otherVariables: ReadonlySet<string> = new Set([
  'TRICUBE_CONFIG',
  'TRICUBE_WORKER_COUNT',
  'TRICUBE_WORKER_NUMBER',
  otherSettings,
  scriptService,
])

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
