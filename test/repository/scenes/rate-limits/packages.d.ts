// What the two clients of Redis have that the page uses.
declare module 'ioredis' {
  export class Redis {
    constructor(options: { maxRetriesPerRequest: number })
    eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>
  }
}
declare module 'redis' {
  export interface Client {
    eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
    get(key: string): Promise<string | null>
    ping(): Promise<string>
    close(): Promise<void>
  }
  export function createClient(options?: { url?: string }): { connect(): Promise<Client> }
}
