import { readFile } from 'node:fs/promises'
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

/** How to connect to NATS. */
export interface NatsOptions {
  /** URLs of the servers of a cluster, like `nats://user:password@host:4222` or `tls://token@host:4222`. */
  readonly urls: readonly string[]
  /** The name of the connection. */
  readonly name: string
  /** Path of a `.creds` file. */
  readonly credentials?: string | undefined
  /** Paths of PEM files. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** The packages for NATS. They are optional: a service that uses NATS installs them. */
export interface NatsPackages {
  readonly transport: typeof import('@nats-io/transport-node')
  readonly jetstream: typeof import('@nats-io/jetstream')
}

/** Loads the packages for NATS. */
export async function loadPackages(): Promise<NatsPackages> {
  const [transport, jetstream] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')])
  return { transport, jetstream }
}

/** An open connection. */
export interface Connected {
  readonly connection: NatsConnection
  readonly jetstream: JetStreamClient
  readonly manager: JetStreamManager
}

/** How long the server may take to respond, in milliseconds. */
const timeoutMs = 5000
/** How often a silent server is asked whether it is alive, in milliseconds; two missing responses end the connection. */
const pingMs = 5000

/**
 * The connection of a process to NATS. It is opened when it is needed, and again after it has ended. It does not back off:
 * relay and subscribers do.
 */
export class NatsLink {
  readonly packages: NatsPackages
  readonly #options: NatsOptions
  #connecting: Promise<Connected> | undefined
  #isClosed = false

  constructor(options: NatsOptions, packages: NatsPackages) {
    this.#options = options
    this.packages = packages
  }

  /** Returns the open connection, or opens one to the first server that responds. */
  connected(): Promise<Connected> {
    if (this.#isClosed) throw new Error('the connection to NATS is closed')
    const connecting = (this.#connecting ??= this.#connect())
    const forget = (): void => {
      if (this.#connecting === connecting) this.#connecting = undefined
    }
    connecting.then(({ connection }) => connection.closed().then(forget), forget)
    return connecting
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connected = await this.#connecting?.catch(() => undefined)
    await connected?.connection.close()
  }

  async #connect(): Promise<Connected> {
    const { transport, jetstream } = this.packages
    const { name, credentials, ca, cert, key, urls } = this.#options
    const { servers, isSecure, ...login } = parseUrls(urls)
    const hasTls = isSecure || ca !== undefined || cert !== undefined
    const connection = await transport.connect({
      ...login,
      servers,
      name,
      reconnect: false,
      timeout: timeoutMs,
      pingInterval: pingMs,
      ...(credentials !== undefined && { authenticator: transport.credsAuthenticator(await readFile(credentials)) }),
      ...(hasTls && {
        tls: {
          ...(ca !== undefined && { caFile: ca }),
          ...(cert !== undefined && { certFile: cert }),
          ...(key !== undefined && { keyFile: key }),
        },
      }),
    })
    const client = jetstream.jetstream(connection, { timeout: timeoutMs })
    return { connection, jetstream: client, manager: await client.jetstreamManager(false) }
  }
}

/** Separates the addresses of URLs from the login, which is that of the first URL that has one. */
function parseUrls(urls: readonly string[]): {
  readonly servers: string[]
  readonly isSecure: boolean
  readonly user?: string
  readonly pass?: string
  readonly token?: string
} {
  const parsed = urls.map((url) => new URL(url))
  const withLogin = parsed.find(({ username }) => username !== '')
  const user = decodeURIComponent(withLogin?.username ?? '')
  const pass = decodeURIComponent(withLogin?.password ?? '')
  return {
    servers: parsed.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    isSecure: parsed.some(({ protocol }) => protocol === 'tls:'),
    ...(user !== '' && (pass === '' ? { token: user } : { user, pass })),
  }
}
