import { createHash } from 'node:crypto'
import type { Contract } from '../contract/contract.ts'
import { canonical } from './canonical.ts'
import { contractDocument } from './document.ts'
import { operationDocument, type OperationDocument } from './operationDocument.ts'

/** The header by which a caller tells which version of an operation it knows. */
export const contractHeader = 'x-call-contract'

/**
 * Returns 16 hexadecimal digits for what callers depend on in a contract. Its documentation, its version and the order of
 * its fields make no difference.
 */
export function contractHash(contract: Contract): string {
  const { version: _, operations, jobs: _jobs, ...rest } = contractDocument(contract)
  const hashes = Object.entries(operations).map(([name, operation]) => [name, hashOf(operation, contract)])
  return digest({ ...rest, operations: Object.fromEntries(hashes) as object })
}

/** Returns the same for one operation. Its name and other operations make no difference. */
export function operationHash(contract: Contract, name: string): string {
  return hashOf(canonical(operationDocument(contract.operations[name]!)) as OperationDocument, contract)
}

/** A deprecation is advice, and names of error classes are not on the wire. */
function hashOf({ errors, ...operation }: OperationDocument, { envelope }: Contract): string {
  return digest({ ...operation, deprecated: false, errors: Object.keys(errors), envelope })
}

function digest(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
