export { client, type StandaloneOptions } from './client.ts'
export type { BalancerName, Call, CallOptions, Client, ClientOptions, OperationOptions, RawResult } from './types.ts'
