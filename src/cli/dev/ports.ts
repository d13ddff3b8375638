import { createServer } from 'node:net'
import { CliError } from '../failure.ts'

/**
 * Makes sure that every service will get its port.
 *
 * @throws {CliError} naming the service and the port that is taken.
 */
export async function checkPorts(services: readonly { name: string; host: string; port: number }[]): Promise<void> {
  await Promise.all(
    services.map(async ({ name, host, port }) => {
      await listenOnce(port, host).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE')
          throw new CliError(`${name}: port ${port} is taken by another process, another tricube dev perhaps`)
        throw new CliError(`${name}: cannot listen on ${host}, port ${port}: ${error.message}`)
      })
    }),
  )
}

function listenOnce(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen({ port, host }, () => server.close(() => resolve()))
  })
}
