import type { Rule } from './rule.ts'

/** A value of the configuration: the variable it is read from, what it may be, and what holds without it. */
export interface Setting<Value = unknown> extends Rule {
  /** The environment variable: `DATABASE_URL`. */
  readonly variable: string
  /** What it does, in one sentence, for the docs and `tricube config`. */
  readonly meaning: string
  /** What holds when nobody sets it; undefined: nothing does. */
  readonly value: Value
  /** How the docs tell the default where `value` does not, such as `the service's own`. */
  readonly fallback?: string
  /** What the service's own options say of it; the file and the environment overrule that. */
  readonly own?: (options: never) => Value | undefined
  /** Whether the service does not start without it. */
  readonly isRequired?: boolean
  /** Its value is never shown: not in a message, not in a log, not by `tricube config`. */
  readonly secret?: boolean
}

/** A setting for each name of a configuration. */
export type Settings<Config = Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Config]-?: Setting<Config[Name]>
}

/** Makes a setting of a rule. */
export function setting<Value>(rule: Rule, about: Omit<Setting<Value>, keyof Rule>): Setting<Value> {
  return { ...rule, ...about }
}
