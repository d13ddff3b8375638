import { readFile } from 'node:fs/promises'
import * as http from 'node:http'
import { ConsulError, type ConsulResponse, type ConsulTransport } from './agent.ts'
import type { AgentAddress } from './address.ts'

/** The TLS options of the connection to an agent; all files are PEM. */
export interface ConsulTls {
  /** Whether to use TLS even if the address does not start with `https` (`CONSUL_HTTP_SSL`). Default false. */
  readonly required?: boolean | undefined
  /** The certificate authority of the agent (`CONSUL_CACERT`). Default: those of Node. */
  readonly caFile?: string | undefined
  /** The client certificate (`CONSUL_CLIENT_CERT`). */
  readonly certFile?: string | undefined
  /** The key of the client certificate (`CONSUL_CLIENT_KEY`). */
  readonly keyFile?: string | undefined
  /** The name in the agent's certificate, if it is not the host (`CONSUL_TLS_SERVER_NAME`). */
  readonly serverName?: string | undefined
  /** Whether to verify the agent's certificate (`CONSUL_HTTP_SSL_VERIFY`). Default true. */
  readonly verify?: boolean | undefined
}

/**
 * Sends requests over TCP or a Unix socket with `node:http`. Fastify has loaded that module anyway, and one request
 * every few seconds needs nothing faster.
 */
export function httpTransport(address: AgentAddress, tls: ConsulTls = {}): ConsulTransport {
  let opened: Promise<(options: http.RequestOptions) => http.ClientRequest> | undefined
  return async ({ method, path, headers, body, signal }) => {
    const request = await (opened ??= open(address, tls).catch((error: unknown) => {
      opened = undefined
      throw error
    }))
    return new Promise((resolve, reject) => {
      const outgoing = request({ method, path: address.basePath + path, headers, signal })
      outgoing.once('error', reject)
      outgoing.once('response', (response) => void read(response).then(resolve, reject))
      outgoing.end(body)
    })
  }
}

async function open(
  { secure, host, port, socketPath }: AgentAddress,
  { caFile, certFile, keyFile, serverName, verify = true }: ConsulTls,
): Promise<(options: http.RequestOptions) => http.ClientRequest> {
  const to = socketPath === undefined ? { host, port } : { socketPath }
  if (!secure) {
    const agent = new http.Agent({ keepAlive: true })
    return (options) => http.request({ ...options, ...to, agent })
  }
  const https = await import('node:https')
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(pem))
  const agent = new https.Agent({
    keepAlive: true,
    rejectUnauthorized: verify,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(serverName && { servername: serverName }),
  })
  return (options) => https.request({ ...options, ...to, agent })
}

async function pem(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file)
}

async function read(response: http.IncomingMessage): Promise<ConsulResponse> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxResponseBytes) {
      throw new ConsulError(`Consul sent a response of more than ${maxResponseBytes} bytes, the limit`)
    }
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString()
  return { status: response.statusCode!, headers: response.headers as Record<string, string>, body }
}

/** Enough for about 30,000 instances of a service. */
const maxResponseBytes = 64 * 1024 * 1024
