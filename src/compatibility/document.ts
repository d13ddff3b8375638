import { kindOf } from '../contract/errorClass.ts'
import type { Contract } from '../contract/contract.ts'
import type { Jobs } from '../contract/job.ts'
import { isIdempotent, type Operation } from '../contract/operation.ts'
import type { Deprecation } from '../contract/deprecation.ts'
import { queryStyles } from '../schema/query.ts'
import { jsonSchemaOf, type JsonSchema } from '../schema/schema.ts'
import type { Side } from '../schema/standard/describe.ts'
import { jsonOf, objectSchema } from '../schema/standard/json.ts'
import type { Schema, Schemas } from '../schema/standard/spec.ts'
import { canonical } from './canonical.ts'

/** A contract as plain JSON, in `contract.json`: what callers depend on, without its documentation. */
export interface ContractDocument {
  /** The version of this format. */
  readonly tricube: 1
  readonly name: string
  readonly version?: string
  readonly envelope: string
  readonly partitioned: boolean
  readonly operations: Readonly<Record<string, OperationDocument>>
  readonly events: Readonly<Record<string, MessageDocument>>
  readonly jobs: Readonly<Record<string, MessageDocument>>
}

/** An operation in `contract.json`. Fields that are not named here are compared as a whole. */
export interface OperationDocument {
  readonly route: string
  readonly status: number
  readonly params?: JsonSchema
  readonly query?: JsonSchema
  readonly headers?: JsonSchema
  readonly body?: JsonSchema
  readonly returns?: JsonSchema
  readonly paginated: boolean | 'cursor'
  /** The names of the error classes by their codes. */
  readonly errors: Readonly<Record<string, string>>
  readonly idempotent: boolean | 'by key'
  readonly priority: string
  readonly internal: boolean
  readonly deprecated: boolean | Deprecation
  readonly timeoutMs?: number
  readonly rateLimit?: { readonly key: unknown; readonly limit: number; readonly windowMs: number }
  readonly [field: string]: unknown
}

/** An event or a job in `contract.json`. */
export interface MessageDocument {
  readonly data?: JsonSchema
  readonly key?: string
}

/** Returns the document of a contract and of the jobs of its service. The same contract gives the same document. */
export function contractDocument(contract: Contract, jobs: Jobs = {}): ContractDocument {
  const { name, version, envelope, partitioned = false, operations, events } = contract
  const document = {
    tricube: 1,
    name,
    version,
    envelope,
    partitioned,
    operations: mapValues(operations, operationDocument),
    events: mapValues(events, ({ payload, key }) => ({ data: plainSchema(payload, 'input'), key })),
    jobs: mapValues(jobs, ({ input, key }) => ({ data: input && plainSchema(input, 'input'), key })),
  }
  return canonical(document) as ContractDocument
}

/** Returns the text of `contract.json`. */
export function documentText(document: ContractDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/**
 * Parses the text of `contract.json`.
 *
 * @throws {SyntaxError} when it is not one that `tricube check --write` has written
 */
export function parseDocument(text: string): ContractDocument {
  const document = JSON.parse(text) as Partial<ContractDocument> | null
  const { tricube, name, operations } = document ?? {}
  if (tricube !== 1 || typeof name !== 'string' || typeof operations !== 'object') {
    throw new SyntaxError('not a file of tricube check --write: "tricube": 1, name and operations are required')
  }
  return canonical({ events: {}, jobs: {}, ...document }) as ContractDocument
}

function operationDocument(operation: Operation): object {
  const { summary: _, description: _description, tags: _tags, ...rest } = operation
  const { status = 200, params, query, headers, body, returns, cursor, errors = [], priority = 'normal' } = rest
  const objects = mapValues({ params, query, headers }, (schemas?: Schemas) =>
    schemas ? jsonSchemaOf(objectSchema(schemas)) : undefined,
  )
  const styles = queryStyles(query ?? {})
  return {
    ...rest,
    ...objects,
    status,
    priority,
    body: body && plainSchema(body, 'input'),
    returns: returns && plainSchema(returns, 'output'),
    cursor: cursor && plainSchema(cursor, 'input'),
    styles: styles.size > 0 ? Object.fromEntries(styles) : undefined,
    paginated: rest.paginated ?? false,
    internal: rest.internal ?? false,
    deprecated: rest.deprecated ?? false,
    idempotent: rest.idempotent === 'by key' ? 'by key' : isIdempotent(operation),
    errors: Object.fromEntries(errors.map((errorClass) => [kindOf(errorClass).code, errorClass.name])),
  }
}

function plainSchema(schema: Schema, side: Side): JsonSchema {
  return jsonSchemaOf(jsonOf(schema, side))
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
