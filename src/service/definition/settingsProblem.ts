import { otherVariables } from '../../config/load.ts'
import { settingsOf, type OwnSettings } from '../../config/own.ts'
import { allSettings } from './config.ts'
import { Resource } from './resource.ts'

/** A setting, with the words that name it in a message. */
interface Named {
  readonly title: string
  readonly name: string
  readonly variable: string
  /** The schema of a setting that tricube does not have. */
  readonly schema?: unknown
}

/**
 * Returns why a setting of a service or of its resources cannot be read: another one has its name or its variable, so
 * that one value would set both. Settings that share a schema are meant to share the value.
 */
export function settingsProblem(
  settings: OwnSettings = {},
  resources: Readonly<Record<string, unknown>> = {},
): string | undefined {
  const known: Named[] = Object.entries(allSettings).map(([name, { variable }]) => ({
    title: `tricube's own ${name}`,
    name,
    variable,
  }))
  for (const own of ownSettings(settings, resources)) {
    const { title, name, variable, schema } = own
    if (otherVariables.has(variable)) return `${title}: tricube reads ${variable} itself, choose another name`
    const other = known.find((one) => one.name === name || one.variable === variable)
    if (other && (other.name !== name || other.schema !== schema)) {
      return `${title}: ${variable} also sets ${other.title}, choose another name`
    }
    known.push(own)
  }
  return undefined
}

function ownSettings(settings: OwnSettings, resources: Readonly<Record<string, unknown>>): Named[] {
  const ofResources = Object.entries(resources).flatMap(([resource, one]) =>
    one instanceof Resource ? named(`resources.${resource}.settings`, one.options.settings ?? {}) : [],
  )
  return [...named('settings', settings), ...ofResources]
}

function named(path: string, own: OwnSettings): Named[] {
  return Object.entries(settingsOf(own)).map(([name, { variable }]) => ({
    title: `${path}.${name}`,
    name,
    variable,
    schema: own[name],
  }))
}
