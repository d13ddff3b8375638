import { settingsOf as ownSettings, type OwnSettings } from '../../config/own.ts'
import type { Settings } from '../../config/setting.ts'
import { resourceParts, type Resources } from './resource.ts'
import { listenSettings, type ListenConfig } from '../lifecycle/listen.ts'
import type { ConfigOf, Intersection, Part } from '../part.ts'
import * as parts from '../parts.ts'

/** The configuration of a service: what differs between the places it runs in. */
export interface Config extends ListenConfig, PartConfigs {}

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- parts without any are in the union
type PartConfigs = Intersection<ConfigOf<(typeof parts)[keyof typeof parts]>>

/** The configuration of a service that runs. */
export interface LiveConfig extends Config {
  /**
   * Watches a key in Consul's key-value store. Calls `onChange` with the current value and with each new one, and with
   * undefined when the key does not exist. Returns a function that ends the watch. The watch also ends with the
   * service.
   *
   * @example
   * config.watch('user-service/greeting', (text) => greet(text ?? 'Hello'))
   */
  watch(key: string, onChange: (value: string | undefined) => void): () => void
}

/** tricube's own settings, by their names in the configuration file. */
export const allSettings: Settings<Config> = {
  ...listenSettings,
  ...Object.assign({}, ...Object.values(parts as Readonly<Record<string, Part>>).map(({ settings }) => settings)),
}

/** Returns the settings of a service: those of the parts, its own, and those of its resources. */
export function settingsOf({
  settings = {},
  resources = {},
}: {
  readonly settings?: OwnSettings
  readonly resources?: Resources
}): Settings<Config> {
  const ofResources = Object.values(resourceParts(resources)).map((part) => part.settings)
  return Object.assign({}, allSettings, ownSettings(settings), ...ofResources) as Settings<Config>
}

/**
 * Types a configuration file. Make the result the default export of `tricube.config.ts`.
 *
 * For settings of your own, name the type of the service that declares them, or the type of their values.
 *
 * @example
 * export default defineConfig({ databaseUrl: 'postgres://localhost/users', logLevel: 'debug' })
 * @example
 * export default defineConfig<typeof payments>({ logLevel: 'debug', pspUrl: 'https://psp.example' })
 */
export function defineConfig<Own extends object = {}>(
  config: Partial<Config> & Partial<OwnConfig<Own>>,
): Partial<Config> & Partial<OwnConfig<Own>> {
  return config
}

/** The settings of one's own: those of a service, or a type that has them. */
type OwnConfig<Own> = Own extends { run(fn: (context: infer Ctx) => never): unknown }
  ? Ctx extends { readonly settings: infer Values }
    ? Values
    : {}
  : Own
