import { request as requestByHttp, type IncomingMessage } from 'node:http'
import { request as requestByHttps } from 'node:https'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import type { ServiceState } from '../model/state.ts'
import { Certificates } from '../../tls/certificates.ts'
import { tlsProblem } from '../../tls/tlsProblem.ts'

/** A service, as far as a request needs it. */
export type ServiceAddress = Pick<ServiceState, 'name' | 'url' | 'certificates'>

export interface ServiceRequest {
  readonly method?: string
  /** It begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
  readonly timeoutMs: number
}

export interface ServiceResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * Sends a request to a service of dev. Over TLS, it trusts and shows what the service itself trusts and shows. A service
 * that asks its callers for a certificate accepts its own.
 *
 * Rejects with a line for people, or with a `TimeoutError`.
 */
export async function askService(service: ServiceAddress, request: ServiceRequest): Promise<ServiceResponse> {
  const { method = 'GET', path, headers = {}, body, timeoutMs } = request
  if (service.url === undefined) throw new Error(`${service.name} does not run`)
  const url = new URL(service.url + path)
  const signal = AbortSignal.timeout(timeoutMs)
  const isSecure = url.protocol === 'https:'
  try {
    const tls = isSecure ? await tlsOf(service) : {}
    // A connection of its own: one that was kept would be that of a process that has been restarted.
    const sent = (isSecure ? requestByHttps : requestByHttp)(url, { method, headers, signal, agent: false, ...tls })
    sent.end(body)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve)
      sent.on('error', reject)
    })
    return {
      status: response.statusCode!,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(await response.toArray()),
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : explained(error as NodeJS.ErrnoException, service)
  }
}

async function tlsOf({ name, certificates }: ServiceAddress): Promise<ConnectionOptions> {
  const own = new Certificates(certificates)
  const secureContext = await own.context()
  own.close()
  return {
    secureContext,
    // As for calls between services: its address or its name.
    checkServerIdentity: (host, certificate) =>
      checkServerIdentity(host, certificate) && checkServerIdentity(name, certificate),
  }
}

function explained(error: NodeJS.ErrnoException, { name, url, certificates }: ServiceAddress): Error {
  // A server of Node that does not trust its caller ends the connection without a word.
  const ended = certificates && error.code === 'ECONNRESET' ? 'ended the connection without a response' : undefined
  const problem = tlsProblem(error) ?? ended
  if (problem === undefined) return error.message ? error : new Error(error.code ?? String(error))
  return new Error(`${name} ${problem}. The dashboard called ${url} with its tls.cert, tls.key and tls.ca.`)
}
