export { fetchClient, type FetchClientOptions } from './fetchClient.ts'
