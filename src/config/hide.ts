import { inspect } from 'node:util'
import type { Setting } from './setting.ts'

/** What is secret among some values, by name. */
type Secrets = ReadonlyMap<string, Setting['secret']>

const secretsOf = new WeakMap<object, Secrets>()

/**
 * Hides secrets in `JSON.stringify(values)`, in `console.log(values)` and in logs. Each value can still be read by its
 * name.
 */
export function hideSecrets<Values extends object>(values: Values, secrets: Secrets): Values {
  const toShow = (): object => {
    const copy = { ...values } as Record<string, unknown>
    for (const name of secrets.keys()) if (copy[name] !== undefined) copy[name] = '[redacted]'
    return copy
  }
  secretsOf.set(values, secrets)
  const hiding: PropertyDescriptor = { value: toShow, enumerable: false }
  return Object.defineProperties(values, { toJSON: hiding, [inspect.custom]: hiding })
}

/** Returns what is secret among the values of these settings. */
export function secretSettings(settings: Readonly<Record<string, Setting>>): Secrets {
  return new Map(Object.entries(settings).flatMap(([name, { secret }]) => (secret ? [[name, secret]] : [])))
}

/** Returns some of the values by name. Secrets stay hidden. */
export function pick(values: object, names: readonly string[]): Record<string, never> {
  const picked = names.map((name) => [name, (values as Record<string, never>)[name]!] as const)
  const secrets = [...(secretsOf.get(values) ?? [])].filter(([name]) => names.includes(name))
  return hideSecrets(Object.fromEntries(picked), new Map(secrets))
}

/** Returns a copy with more members. Secrets stay hidden. */
export function extended<Values extends object, More extends object>(values: Values, more: More): Values & More {
  return hideSecrets({ ...values, ...more }, secretsOf.get(values) ?? new Map())
}

/** Returns the values that are secret as a whole. Of a database's URL only the password is. */
export function secretValues(values: object): Record<string, unknown> {
  const whole = [...(secretsOf.get(values) ?? [])].filter(([, secret]) => secret === true)
  return Object.fromEntries(whole.map(([name]) => [name, (values as Record<string, unknown>)[name]]))
}
