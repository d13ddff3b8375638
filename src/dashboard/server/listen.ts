import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** So many ports are tried before the system chooses one. */
const mostAttempts = 20

/** Listens on a port of 127.0.0.1, or on the next one that is free and not `reserved`; returns that port. */
export async function listen(server: Server, port: number, reserved: ReadonlySet<number>): Promise<number> {
  const candidates = Array.from({ length: mostAttempts }, (_, i) => port + i)
  const ports = port === 0 ? [0] : [...candidates.filter((each) => each < 65_536 && !reserved.has(each)), 0]
  for (const candidate of ports) {
    try {
      server.listen(candidate, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'EADDRINUSE' && code !== 'EACCES') || candidate === 0) throw error
    }
  }
  throw new Error('no port is free')
}
