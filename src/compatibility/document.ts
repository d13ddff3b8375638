import type { Contract } from '../contract/contract.ts'
import type { Jobs } from '../contract/job.ts'
import type { JsonSchema } from '../schema/schema.ts'
import { canonical } from './canonical.ts'
import { operationDocument, plainSchema, type OperationDocument } from './operationDocument.ts'

/** A contract as plain JSON, in `contract.json`: what callers depend on, without its documentation. */
export interface ContractDocument {
  /** The version of this format. */
  readonly tricube: 1
  readonly name: string
  readonly version?: string
  readonly envelope: string
  readonly partitioned: boolean
  readonly trailingSlash: 'never' | 'optional'
  readonly operations: Readonly<Record<string, OperationDocument>>
  readonly events: Readonly<Record<string, MessageDocument>>
  readonly jobs: Readonly<Record<string, MessageDocument>>
}

/** An event or a job in `contract.json`. */
export interface MessageDocument {
  readonly data?: JsonSchema
  readonly key?: string
}

/** Returns the document of a contract and of the jobs of its service. The same contract gives the same document. */
export function contractDocument(contract: Contract, jobs: Jobs = {}): ContractDocument {
  const { name, version, envelope, partitioned = false, trailingSlash = 'never', operations, events } = contract
  const document = {
    tricube: 1,
    name,
    version,
    envelope,
    partitioned,
    trailingSlash,
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
  return canonical({ events: {}, jobs: {}, trailingSlash: 'never', ...document }) as ContractDocument
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
