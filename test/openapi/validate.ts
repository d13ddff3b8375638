import { Validator } from '@seriousme/openapi-schema-validator'
import type { OpenApiDocument } from 'tricube'

const validator = new Validator()

/** What is wrong with a document by the schema of OpenAPI 3.1; empty when nothing is. */
export async function problemsOf(document: OpenApiDocument): Promise<unknown> {
  const { errors = [] } = await validator.validate({ ...structuredClone(document) })
  return errors
}
