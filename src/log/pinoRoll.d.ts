/** pino-roll has no types of its own. */
declare module 'pino-roll' {
  interface Stream {
    write(line: string): boolean
    flushSync(): void
    on(event: 'error', listener: (error: Error) => void): void
  }
  interface Options {
    readonly file: string
    readonly mkdir?: boolean
    readonly frequency?: 'daily' | 'hourly' | number
    readonly size?: string
    readonly limit?: { readonly count: number }
  }
  export default function roll(options: Options): Promise<Stream>
}
