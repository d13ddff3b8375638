import { readFile } from 'node:fs/promises'
import * as http from 'node:http'
import { ConsulError, type ConsulResponse, type ConsulTransport } from './agent.ts'
import type { AgentAddress } from './address.ts'

/** How an agent that speaks TLS is trusted, and trusts in turn; files in PEM. */
export interface ConsulTls {
  /** Whether TLS is spoken also when the address does not say `https` (`CONSUL_HTTP_SSL`). Default false. */
  readonly required?: boolean | undefined
  /** The authority that signed the agent's certificate (`CONSUL_CACERT`). Default: those of Node. */
  readonly caFile?: string | undefined
  /** This side's certificate (`CONSUL_CLIENT_CERT`). */
  readonly certFile?: string | undefined
  /** The key to it (`CONSUL_CLIENT_KEY`). */
  readonly keyFile?: string | undefined
  /** The name in the agent's certificate when it is not the host's (`CONSUL_TLS_SERVER_NAME`). */
  readonly serverName?: string | undefined
  /** Whether the agent's certificate is checked (`CONSUL_HTTP_SSL_VERIFY`). Default true. */
  readonly verify?: boolean | undefined
}

/**
 * Requests over the network or a Unix socket, by `node:http`: Fastify has loaded it anyway, it knows Unix sockets and
 * TLS, and a request every few seconds does not need a faster one.
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
    if (bytes > maxAnswerBytes) throw new ConsulError(`an answer of more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString()
  return { status: response.statusCode!, headers: response.headers as Record<string, string>, body }
}

/** Some 30,000 instances of a service. */
const maxAnswerBytes = 64 * 1024 * 1024
