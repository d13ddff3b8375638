import type { Operation, SetHeadersOf } from '../../contract/operation.ts'
import type { StatusOf } from '../../contract/responses.ts'
import type { Version } from '../../http/operation/entityTag.ts'

/**
 * What a handler sets on its response. The contract names the statuses, the headers and the cookies.
 *
 * Its parameters are not the operation itself: a `HandlerResponse` of one operation then fits a function for any.
 */
export interface HandlerResponse<Status extends number = number, Headers = {}, CookieName extends string = string> {
  /**
   * Chooses one of the statuses of `responses`.
   *
   * @throws {TypeError} when the contract does not have it
   */
  status(status: Status): this
  /**
   * Sets a header of `responseHeaders`. A list is separated by commas; undefined removes the header.
   *
   * @throws {TypeError} when the contract does not name it, or the value breaks its schema
   */
  header(...header: HeaderEntry<Headers>): this
  /**
   * Sets a cookie of `setCookies`. `maxAgeSeconds` replaces that of the contract.
   *
   * @throws {TypeError} when the contract does not name it, or it has more than 4,096 bytes
   */
  cookie(name: CookieName, value: string, options?: { readonly maxAgeSeconds?: number }): this
  /** Makes the browser delete a cookie of `setCookies`. */
  clearCookie(name: CookieName): this
  /** Sets the `etag` to a version: a column that changes with each update, a time, or the data. */
  etag(version: Version): this
  /**
   * Checks `if-match` and `if-none-match` of the request against the current version; undefined when there is none yet.
   *
   * @throws {PreconditionFailed} when the caller has seen another version
   */
  ifMatch(current: Version | undefined): void
}

/** The name and the value of a header. */
type HeaderEntry<Headers> = {
  [Name in keyof Headers & string]-?: [name: Name, value: Headers[Name] | undefined]
}[keyof Headers & string]

/** What the handler of an operation sets on its response. */
export type ResponseOfHandler<Op extends Operation> = HandlerResponse<
  StatusOf<Op>,
  SetHeadersOf<Op>,
  Op['setCookies'] extends object ? keyof Op['setCookies'] & string : never
>
