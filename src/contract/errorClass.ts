import { HttpError, type ErrorClass } from './httpError.ts'

/** What an error class puts on the wire. */
export interface ErrorKind {
  readonly status: number
  readonly code: number
  /** The short text, `message` on the wire. */
  readonly reason: string
}

/**
 * Returns the status, code and short text of an error class.
 *
 * @throws {TypeError} when it does not extend `HttpError`, or has no `static status` and needs arguments to be made
 */
export function kindOf(errorClass: ErrorClass): ErrorKind {
  let kind = known.get(errorClass)
  if (!kind) known.set(errorClass, (kind = findKind(errorClass)))
  return kind
}

const known = new WeakMap<ErrorClass, ErrorKind>()

function findKind(errorClass: ErrorClass): ErrorKind {
  if ((errorClass as unknown) === undefined) {
    throw new TypeError('is undefined: files that import each other may not have it yet')
  }
  if (!isErrorClass(errorClass)) throw new TypeError('must be an error class that extends HttpError, like NotFound')
  const { name, status, code } = errorClass
  if (status !== undefined && code !== undefined) return { status, code, reason: new HttpError(status).reason }
  let sample: HttpError
  try {
    sample = new (errorClass as new () => HttpError)()
  } catch (error) {
    if (status !== undefined) return { status, code: status * 100, reason: new HttpError(status).reason }
    const why = error instanceof Error ? error.message : String(error)
    const message = `${name} needs arguments (${why}): declare \`static status\` and \`static code\``
    throw new TypeError(message, { cause: error })
  }
  return { status: sample.status, code: sample.code, reason: sample.reason }
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && (value === HttpError || value.prototype instanceof HttpError)
}

/**
 * Returns the classes of an operation by their codes, which differ.
 *
 * @throws {TypeError} as `kindOf`
 */
export function byCode(errorClasses: readonly ErrorClass[]): ReadonlyMap<number, ErrorClass> {
  return new Map(errorClasses.map((errorClass) => [kindOf(errorClass).code, errorClass]))
}
