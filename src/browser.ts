// What `tricube` is to bundlers for browsers: contracts and errors, nothing that needs Node.
export { csv, ndjson, type CsvOptions, type Rows } from './contract/rows.ts'
export { file, type Download, type FileContent, type FileSource } from './contract/file.ts'
export {
  form,
  raw,
  text,
  upload,
  type BodyOptions,
  type Bytes,
  type FormBody,
  type RawBody,
  type Received,
  type TextBody,
  type Upload,
  type UploadBody,
} from './contract/body.ts'
export {
  multipart,
  type FileRule,
  type FileRules,
  type MultipartBody,
  type UploadedFile,
} from './contract/multipart.ts'
export { contract } from './contract/contractInPage.ts'
export { type Contract } from './contract/contract.ts'
export type { Auth, AuthScheme } from './contract/auth.ts'
export { inVersion, versions } from './contract/versions.ts'
export type { ContractOptions, Envelope } from './contract/options.ts'
export { ContractError } from './contract/check.ts'
export { cookie, type Cookie, type CookieOptions } from './contract/cookie.ts'
export { external, type ExternalOptions } from './contract/external.ts'
export type { OperationsOf } from './contract/draft.ts'
export type { ContractEvent, EventDraft, EventsOf, PayloadOf, PublishedOf } from './contract/event.ts'
export {
  jobs,
  type EnqueuedInputOf,
  type Enqueued,
  type EnqueueOptions,
  type Job,
  type JobDraft,
  type JobInputOf,
  type JobPriority,
  type Jobs,
  type JobsOf,
} from './contract/job.ts'
export { open } from './schema/query.ts'
export type { HasDefault } from './schema/builder.ts'
export { t, type Static } from './schema/schema.ts'
// Declarations of exported contracts name them, and their package may not have TypeBox.
export type {
  TAny,
  TArray,
  TBoolean,
  TEnum,
  TInteger,
  TIntersect,
  TLiteral,
  TNever,
  TNot,
  TNull,
  TNumber,
  TObject,
  TOptional,
  TReadonly,
  TRecord,
  TRecursive,
  TRef,
  TSchema,
  TString,
  TTemplateLiteral,
  TThis,
  TTuple,
  TUnion,
  TUnknown,
  TUnsafe,
} from '@sinclair/typebox'
export type { Schema, Schemas, StandardSchema } from './schema/standard/spec.ts'
export type {
  BodyOf,
  CookiesOf,
  CursorItems,
  CursorPage,
  HeadersOf,
  InputOf,
  Items,
  Operation,
  Operations,
  OutputOf,
  Page,
  ParamsOf,
  QueryOf,
  ResponseHeadersOf,
  ResultOf,
} from './contract/operation.ts'
export { type Deprecation } from './contract/deprecation.ts'
export { type RateLimit } from './contract/rateLimit.ts'
export { redirect, type Redirect, type RedirectOptions } from './contract/redirect.ts'
export {
  BadRequest,
  Conflict,
  EnhanceYourCalm,
  Forbidden,
  Gone,
  MethodNotAllowed,
  NotAcceptable,
  NotFound,
  PayloadTooLarge,
  PaymentRequired,
  PreconditionFailed,
  PreconditionRequired,
  RequestHeaderFieldsTooLarge,
  RequestTimeout,
  TooManyRequests,
  Unauthorized,
  UnavailableForLegalReasons,
  UnprocessableEntity,
  UnsupportedMediaType,
  UriTooLong,
} from './contract/errors.ts'
export { BadGateway, GatewayTimeout, ServerError, ServiceUnavailable } from './contract/serverErrors.ts'
export { HttpError, type ErrorClass, type ErrorOptions } from './contract/httpError.ts'
export { type Call, type CallOptions, type Client, type FileStream, type RawResult } from './client/types.ts'
