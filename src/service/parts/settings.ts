import { pick } from '../../config/hide.ts'
import { settingsOf, type OwnSettings } from '../../config/own.ts'
import type { Rule } from '../../config/rule.ts'
import { record } from '../../config/rules.ts'
import { notSchema } from '../../schema/standard/json.ts'
import { isForeign } from '../../schema/standard/spec.ts'
import type { Opened, Part, RequestScope } from '../part.ts'

/** The options of a service that has settings of its own. */
export interface SettingsOptions {
  readonly settings?: OwnSettings
}

/** The values of a service's own settings. */
export interface OpenedSettings extends Opened<object> {
  readonly values: object
  forRequest(scope: RequestScope): object
}

const rule: Rule = {
  ...record('schemas by the names of settings'),
  problem(own: OwnSettings | undefined, path) {
    for (const [name, schema] of Object.entries(own ?? {})) {
      if (isForeign(schema)) {
        const wrong = notSchema(schema, 'like t.String()')
        if (wrong) return `${path}.${name} ${wrong}`
      } else if (typeof schema !== 'object' || (schema as unknown) === null) {
        return `${path}.${name}: expected a schema like t.String(), got ${JSON.stringify(schema)}`
      }
      try {
        settingsOf({ [name]: schema })
      } catch (error) {
        return `${path}.${name}: ${(error as Error).message}`
      }
    }
    return undefined
  },
}

/** Gives handlers the service's own settings. */
export const settings: Part<SettingsOptions, {}, OpenedSettings> = {
  name: 'settings',
  options: { settings: rule },
  open({ config }, { settings: own = {} }) {
    const values = Object.freeze(pick(config, Object.keys(own)))
    return { values, forRequest: () => values }
  },
}
