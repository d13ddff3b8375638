export { client } from './client.ts'
export type { Call, CallOptions, Client } from './types.ts'
