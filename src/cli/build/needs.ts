import { inspectConfig } from '../../config/load.ts'
import type { Setting } from '../../config/setting.ts'
import { settingsOf } from '../../service/definition/config.ts'
import type { Definition } from '../../service/definition/definition.ts'
import type { FoundService } from '../loadServices.ts'

/** A setting without which a service does not start, and that the project sets nowhere. */
export interface Need {
  /** Its environment variable. */
  readonly variable: string
  readonly isSecret: boolean
}

/** Returns the settings that somebody has to fill in: those of a service, of its resources and of what identifies callers. */
export async function needsOf({ service }: FoundService): Promise<readonly Need[]> {
  const definition: Partial<Definition> = service.definition
  const settings = settingsOf(definition)
  const { values } = await inspectConfig(settings, { options: definition, env: {} })
  const ofAuth = Object.values(definition.auth ?? {}).flatMap((one) =>
    typeof one === 'function' ? [] : (one?.needsSettings ?? []),
  )
  return Object.entries<Setting>(settings).flatMap(([name, { variable, isRequired = false, secret }]) => {
    const isNeeded = isRequired || ofAuth.some((one) => one === variable)
    if (!isNeeded || (values as unknown as Readonly<Record<string, unknown>>)[name] !== undefined) return []
    return [{ variable, isSecret: Boolean(secret) }]
  })
}
