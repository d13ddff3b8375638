import type { Rule } from './rule.ts'
import { path } from './rules.ts'

/** A value of the configuration: its rule, its variable and its default. */
export interface Setting<Value = unknown> extends Rule {
  /** The environment variable: `DATABASE_URL`. */
  readonly variable: string
  /** One sentence on its effect, for the docs and `tricube config`. */
  readonly meaning: string
  /** The default; undefined: none. */
  readonly value: Value
  /** The default in the docs' words where `value` does not show it, such as `the service's own`. */
  readonly fallback?: string
  /** Reads it from the service's own options; the file and the environment override that. */
  readonly own?: (options: never) => Value | undefined
  /** Whether the service does not start without it. */
  readonly isRequired?: boolean
  /**
   * Whether its value is secret: it is never shown in a message, in a log or by `tricube config`. `password`: it is a
   * URL, and a log may show all of it but the password.
   */
  readonly secret?: boolean | 'password'
  /** Makes the value that the service gets of a valid one. Default: the value itself. */
  readonly make?: (value: unknown) => unknown
}

/** A setting for each name of a configuration. */
export type Settings<Config = Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Config]-?: Setting<Config[Name]>
}

/** Makes a setting from a rule. */
export function setting<Value>(rule: Rule, about: Omit<Setting<Value>, keyof Rule>): Setting<Value> {
  return { ...rule, ...about }
}

/** Makes the setting of a file that a service may do without. */
export function fileSetting(variable: string, meaning: string): Setting<string | undefined> {
  return setting<string | undefined>(path, { variable, meaning, value: undefined })
}
