import { HttpError, type ErrorClass } from './errors.ts'

/** What a class of error is on the wire. */
export interface ErrorKind {
  readonly status: number
  readonly code: number
  /** Its short text. */
  readonly reason: string
}

/**
 * Tells what a class of error is on the wire.
 *
 * @throws {TypeError} one line, when it is none, or neither says its status nor can be made without arguments
 */
export function kindOf(errorClass: ErrorClass): ErrorKind {
  let kind = known.get(errorClass)
  if (!kind) known.set(errorClass, (kind = findKind(errorClass)))
  return kind
}

const known = new WeakMap<ErrorClass, ErrorKind>()

function findKind(errorClass: ErrorClass): ErrorKind {
  if (!isErrorClass(errorClass)) throw new TypeError('is not an error class like NotFound: it has to extend HttpError')
  const { name, status, code } = errorClass
  if (status !== undefined && code !== undefined) return { status, code, reason: new HttpError(status).reason }
  let sample: HttpError
  try {
    sample = new (errorClass as new () => HttpError)()
  } catch (error) {
    if (status !== undefined) return { status, code: status * 100, reason: new HttpError(status).reason }
    const why = error instanceof Error ? error.message : String(error)
    const message = `${name} cannot be made without arguments (${why}): say \`static status\` and \`static code\``
    throw new TypeError(message, { cause: error })
  }
  return { status: sample.status, code: sample.code, reason: sample.reason }
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && (value === HttpError || value.prototype instanceof HttpError)
}

/**
 * The classes by their codes: of two with one code the first.
 *
 * @throws {TypeError} as `kindOf`
 */
export function byCode(errorClasses: readonly ErrorClass[]): ReadonlyMap<number, ErrorClass> {
  return new Map(errorClasses.toReversed().map((errorClass) => [kindOf(errorClass).code, errorClass]))
}
