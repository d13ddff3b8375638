import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../../config/configError.ts'
import { text, integer } from '../../config/rules.ts'
import { setting, type Settings } from '../../config/setting.ts'
import type { Listening } from '../part.ts'

/** Where a service listens, by the configuration. */
export interface ListenConfig {
  /** Address to listen on, or `unix:` and the path of a socket (`HOST`). Default `127.0.0.1`. */
  readonly host: string
  /** Port to listen on (`PORT`); 0 takes a free one. Default: the service's own, else 0. */
  readonly port: number
}

/** The settings behind these values. */
export const listenSettings: Settings<ListenConfig> = {
  host: setting<string>(
    text('an address, a hostname, or a socket like unix:/run/user-service.sock', /^(?:[\w.:-]+|unix:\/.+)$/),
    {
      variable: 'HOST',
      meaning: 'The address to listen on, or `unix:` and the path of a socket.',
      value: '127.0.0.1',
    },
  ),
  port: setting<number>(integer({ max: 65_535 }), {
    variable: 'PORT',
    meaning: 'The port to listen on; 0 takes a free one.',
    value: 0,
    fallback: "the service's own, else 0",
    own: ({ port }: { port?: number }) => port,
  }),
}

/**
 * Permissions of a socket in the file system: its owner and group may connect, as with php-fpm and in systemd's
 * examples.
 */
const socketMode = 0o660

/**
 * Listens on an address, or on the socket that `unix:/run/user-service.sock` names.
 *
 * @throws {Error} when the address is taken
 * @throws {ConfigError} when the file at the socket's path is no socket
 */
export async function listen(
  fastify: FastifyInstance,
  { host, port }: ListenConfig,
): Promise<{ readonly url: string; readonly at: Listening }> {
  const listenTextResolver = (address: string): string => `listening on ${address}`
  if (!host.startsWith('unix:')) {
    const url = await fastify.listen({ host, port, listenTextResolver })
    const address = fastify.server.address()
    return { url, at: typeof address === 'object' ? (address ?? undefined) : undefined }
  }
  const path = host.slice('unix:'.length)
  const { worker } = (await import('node:cluster')).default
  if (!worker || worker.id === 1) await removeStale(path) // the other workers have the same primary, which responds there
  await fastify.listen({ path, listenTextResolver })
  await chmod(path, socketMode)
  return { url: host, at: undefined }
}

/** Removes the socket of a process that has died, where nothing responds any more. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return
  if (!found.isSocket()) throw new ConfigError(`HOST: ${path} already exists and is not a socket: choose another path`)
  if (await isListening(path))
    throw new ConfigError(`HOST: ${path} is the socket of another running process: choose another path`)
  await unlink(path)
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
