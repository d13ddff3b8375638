/** Requests of an operation that stay in this browser. Headers and users do not: they hold tokens, or stand for them. */
import type { TryOperation } from './operations.ts'
import type { Filled } from './snippets.ts'

/** A request under a name of the user's. */
export interface SavedRequest {
  readonly name: string
  readonly filled: Filled
}

const mostRecent = 10
const mostSaved = 50

/** The last requests, the newest first. */
export function recentRequests(operation: TryOperation): readonly Filled[] {
  return read('recent', operation) as readonly Filled[]
}

export function savedRequests(operation: TryOperation): readonly SavedRequest[] {
  return read('saved', operation) as readonly SavedRequest[]
}

export function rememberRequest(operation: TryOperation, filled: Filled): void {
  const entry = withoutHeaders(filled)
  const others = recentRequests(operation).filter((each) => JSON.stringify(each) !== JSON.stringify(entry))
  write('recent', operation, [entry, ...others].slice(0, mostRecent))
}

/** Saves a request; one of the same name is replaced. */
export function saveRequest(operation: TryOperation, name: string, filled: Filled): void {
  const others = savedRequests(operation).filter((each) => each.name !== name)
  write('saved', operation, [{ name, filled: withoutHeaders(filled) }, ...others].slice(0, mostSaved))
}

export function forgetRequest(operation: TryOperation, name: string): void {
  write(
    'saved',
    operation,
    savedRequests(operation).filter((each) => each.name !== name),
  )
}

function withoutHeaders({ values, body }: Filled): Filled {
  return { values, headers: {}, body }
}

function keyOf(kind: 'recent' | 'saved', { service, name }: TryOperation): string {
  return `tricube-${kind} ${service} ${name}`
}

function read(kind: 'recent' | 'saved', operation: TryOperation): readonly unknown[] {
  try {
    return JSON.parse(localStorage.getItem(keyOf(kind, operation)) ?? '[]') as unknown[]
  } catch {
    return []
  }
}

function write(kind: 'recent' | 'saved', operation: TryOperation, entries: readonly unknown[]): void {
  localStorage.setItem(keyOf(kind, operation), JSON.stringify(entries))
}
