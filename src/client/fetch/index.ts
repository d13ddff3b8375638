export type { TokenSource } from '../token.ts'
export { fetchClient, type FetchClientOptions } from './fetchClient.ts'
