import { createServer } from 'node:net'
import { CliError } from '../failure.ts'

/**
 * Checks that the port of every service is free.
 *
 * @throws {CliError} when a port is in use; the message names the service and the port
 */
export async function checkPorts(services: readonly { name: string; host: string; port: number }[]): Promise<void> {
  await Promise.all(
    services.map(async ({ name, host, port }) => {
      await listenOnce(port, host).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE')
          throw new CliError(
            `${name}: port ${port} is in use, perhaps by another tricube dev; stop that process or change the port`,
          )
        throw new CliError(`${name}: cannot listen on ${host}, port ${port} (HOST, PORT): ${error.message}`)
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
