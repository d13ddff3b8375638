export { client } from './client.ts'
export type { StandaloneOptions } from './options.ts'
export type { TokenSource } from './token.ts'
export type {
  BalancerName,
  Call,
  CallOptions,
  Client,
  ClientOptions,
  FileStream,
  OperationOptions,
  RawResult,
} from './types.ts'
