import type { DeclaredWork } from '../dashboard/model/declaredWork.ts'
import { jsonSchemaOf, type JsonSchema } from '../schema/schema.ts'
import { jsonOf } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import type { Definition } from '../service/definition/definition.ts'

/** Returns the events, subscriptions and jobs of a service as data. */
export function declaredWork({ contract, subscriptions = {}, jobs = {} }: Partial<Definition>): DeclaredWork {
  return {
    events: Object.values(contract?.events ?? {}).map(({ name, description, key, payload }) => ({
      name,
      description,
      key,
      payload: jsonSchema(payload),
    })),
    subscriptions: Object.entries(subscriptions).map(([name, { event }]) => ({
      name,
      publisher: event.service,
      event: event.name,
    })),
    jobs: Object.values(jobs).map(({ name, description, input, schedule, timeZone = 'UTC' }) => ({
      name,
      description,
      input: input && jsonSchema(input),
      schedule: schedule && `${schedule} ${timeZone}`,
    })),
  }
}

/** Undefined if no JSON Schema can describe it. */
function jsonSchema(schema: Schema): JsonSchema | undefined {
  try {
    return jsonSchemaOf(jsonOf(schema, 'input'))
  } catch {
    return undefined
  }
}
