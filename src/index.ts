export { contract, type Contract, type ContractOptions, type Envelope } from './contract/contract.ts'
export { ContractError } from './contract/check.ts'
export { t, type Static } from './contract/schema.ts'
export type {
  BodyOf,
  HeadersOf,
  InputOf,
  Items,
  Operation,
  Operations,
  OutputOf,
  Page,
  ParamsOf,
  QueryOf,
  ResultOf,
} from './contract/operation.ts'
export {
  BadGateway,
  BadRequest,
  Conflict,
  EnhanceYourCalm,
  Forbidden,
  GatewayTimeout,
  Gone,
  HttpError,
  MethodNotAllowed,
  NotAcceptable,
  NotFound,
  PayloadTooLarge,
  RequestTimeout,
  ServerError,
  ServiceUnavailable,
  TooManyRequests,
  Unauthorized,
  UnprocessableEntity,
  UnsupportedMediaType,
  type ErrorClass,
  type ErrorOptions,
} from './contract/errors.ts'
export { type Call, type CallOptions, type Client, type ClientOptions } from './client/types.ts'
export { type CorsOptions } from './http/cors.ts'
export { openapiDocument, type OpenApiOptions } from './http/openapi/document.ts'
export { type OpenApiDocument } from './http/openapi/types.ts'
export { type ServerLimits } from './http/server.ts'
export { type LogFile } from './log/file.ts'
export { type LogFormat, type Logger, type LogLevel } from './log/logger.ts'
export { type Metrics } from './metrics/metrics.ts'
export { type Deadline } from './resilience/deadline.ts'
export { type Application } from './service/application.ts'
export { type Config, ConfigError, defineConfig, type LiveConfig } from './service/config.ts'
export { type Callees, type Context } from './service/context.ts'
export { type Definition, type Handlers, type Hook, type Hooks, type ServiceOptions } from './service/definition.ts'
export { type Service, service } from './service/service.ts'
export { type TraceOptions } from './service/tracing.ts'
