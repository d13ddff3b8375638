import { type ErrorClass, type ErrorOptions, HttpError } from './httpError.ts'

/** An `HttpError` whose class knows its status. */
export abstract class StatusError extends HttpError {
  constructor(error?: unknown, options?: ErrorOptions) {
    super((new.target as unknown as StatusClass).status, error, options)
  }
}

/** The class of one status. */
export interface StatusClass extends ErrorClass {
  new (error?: unknown, options?: ErrorOptions): HttpError
  readonly status: number
}

/** Gives classes their names: a minifier renames the class `NotFound` to `a`, but keeps the names of properties. */
export function named(classes: Readonly<Record<string, StatusClass>>): readonly StatusClass[] {
  for (const [value, one] of Object.entries(classes)) Object.defineProperty(one, 'name', { value })
  return Object.values(classes)
}
