export { client } from './client.ts'
export type { StandaloneOptions } from './options.ts'
export type { TokenSource } from './token.ts'
export type {
  BalancerName,
  Call,
  CallOptions,
  CallWith,
  CallWithout,
  Client,
  ClientOptions,
  FileStream,
  OperationOptions,
  RawResponse,
  RawResult,
} from './types.ts'
