import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { load } from '../load/load.ts'
import { ConfigError } from './configError.ts'

/** The values that a configuration file sets. */
export interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

const defaultNames = ['tricube.config.ts', 'tricube.config.js', 'tricube.config.mjs']

/**
 * Loads the file that `TRICUBE_CONFIG` names, or else `tricube.config.{ts,js,mjs}` in the working folder.
 *
 * @throws {ConfigError} when it cannot be loaded or exports no configuration
 */
export async function loadConfigFile(env: NodeJS.ProcessEnv): Promise<ConfigFile | undefined> {
  const named = env['TRICUBE_CONFIG']
  const path = named || (await firstThatExists(defaultNames))
  if (!path) return undefined
  const module = await load(resolve(path)).catch((cause: unknown) => {
    const source = named ? ' (named by TRICUBE_CONFIG)' : ''
    throw new ConfigError(`${path}${source} cannot be loaded: ${(cause as Error).message}`, { cause })
  })
  const values = (module as { default?: unknown }).default
  if (typeof values !== 'object' || values === null) {
    throw new ConfigError(`${path}: expected \`export default defineConfig({ … })\``)
  }
  return { path, values: values as ConfigFile['values'] }
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
