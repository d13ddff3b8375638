import { duplexPair, type Duplex } from 'node:stream'

/** Both ends of a connection in memory. */
export interface MemoryConnection {
  readonly client: Duplex
  readonly server: Duplex
}

/** Connects a client to a server in this process, with what Node's HTTP and undici want of a socket. */
export function memoryConnection(): MemoryConnection {
  const [client, server] = duplexPair()
  for (const end of [client, server]) Object.assign(end, asSocket)
  client.on('close', () => server.destroy())
  return { client, server }
}

const asSocket = {
  encrypted: true,
  authorized: true,
  setNoDelay: itself,
  setKeepAlive: itself,
  ref: itself,
  unref: itself,
  /** Emits `timeout` after so many milliseconds. A real socket would start again with every byte. */
  setTimeout(this: Duplex, timeoutMs: number, onTimeout?: () => void): Duplex {
    if (onTimeout) this.once('timeout', onTimeout)
    if (timeoutMs > 0) {
      const timer = setTimeout(() => this.emit('timeout'), timeoutMs)
      this.once('close', () => clearTimeout(timer))
    }
    return this
  },
}

function itself(this: Duplex): Duplex {
  return this
}
