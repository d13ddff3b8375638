export * from './browser.ts'
export { contract } from './contract/contract.ts'
export { type FetchOptions } from './client/outbound/host.ts'
export { type Fetch } from './client/outbound/outbound.ts'
export { type FetchInit } from './client/outbound/request.ts'
export { type CalleeOptions, type ClientOptions } from './client/types.ts'
export { ConfigError } from './config/configError.ts'
export { secret, type OwnValues } from './config/own.ts'
export { type CompressOptions } from './http/compress.ts'
export { type CorsOptions } from './http/cors.ts'
export { openapiDocument, type OpenApiOptions } from './openapi/document.ts'
export { type OpenApiDocument } from './openapi/types.ts'
export { type ServerLimits } from './http/limits.ts'
export { type SignatureScheme, type SignedMessage, verifySignature } from './http/verifySignature.ts'
export { type LogFile } from './log/file.ts'
export { type LogFormat, type Logger, type LogLevel } from './log/logger.ts'
export { type Metrics } from './metrics/metrics.ts'
export { type Deadline } from './time/deadline.ts'
export { type Quota } from './resilience/gcra.ts'
export { type AdmissionOptions } from './service/parts/admission/admissionControl.ts'
export {
  type Hook,
  type Hooks,
  type RunningApplication as Application,
  type RunOptions,
} from './service/definition/hooks.ts'
export { type Config, defineConfig, type LiveConfig } from './service/definition/config.ts'
export { type Around } from './service/request/around.ts'
export { type Context, type WorkContext } from './service/request/context.ts'
export { type HandlerResponse } from './service/request/response.ts'
export { type EventContext } from './service/background/eventContext.ts'
export { type SubscriptionOptions } from './events/subscription.ts'
export { type JobContext, type JobHandlers } from './service/background/jobContext.ts'
export { type QueueOptions } from './service/parts/jobs/jobs.ts'
export { type FindUser, type FoundUser } from './auth/findUser.ts'
export { type ApiKey, type AuthUser, type Callers, type ServiceCaller } from './auth/identity.ts'
export { type AuthOptions } from './service/parts/auth/options.ts'
export { type Callees } from './service/parts/calls.ts'
export {
  type Definition,
  type Handlers,
  type OwnOf,
  type Policies,
  type ServiceOptions,
} from './service/definition/definition.ts'
export { type DrainOptions } from './service/parts/drain.ts'
export { type HealthCheck, type HealthCheckContext, type HealthChecks } from './service/parts/health/checks.ts'
export { type HealthOptions } from './service/parts/health/health.ts'
export { type RateLimitKey, type RateLimitOptions } from './service/parts/rateLimits/options.ts'
export { type RedisEval, redisStore } from './service/parts/rateLimits/redis.ts'
export { type RateLimitStore } from './service/parts/rateLimits/store.ts'
export {
  resource,
  type Resource,
  type ResourceHost,
  type ResourceOptions,
  type ResourceValues,
} from './service/definition/resource.ts'
export { type Service, service } from './service/service.ts'
export { type TraceOptions } from './service/parts/tracing/options.ts'
