import { readFile } from 'node:fs/promises'
import type { Agent } from 'undici'
import type { KubernetesTransport } from './api.ts'

/** Where the API is, and how to log in. */
export interface KubernetesAccess {
  /** The URL of the API, without a path. */
  readonly address: string
  /** A file with the token, which the kubelet renews every hour. */
  readonly tokenFile: string | undefined
  /** A file with the authority behind the certificate of the API, in PEM. */
  readonly caFile: string | undefined
}

/** Sends requests with undici. The files are read for each request, which is once in some minutes. */
export function undiciTransport({ address, tokenFile, caFile }: KubernetesAccess): KubernetesTransport {
  let opened: { readonly ca: string | undefined; readonly agent: Agent } | undefined
  return async ({ path, signal }) => {
    const [{ Agent, request }, token, ca] = await Promise.all([import('undici'), read(tokenFile), read(caFile)])
    if (opened === undefined || opened.ca !== ca) {
      void opened?.agent.close().catch(() => {})
      opened = { ca, agent: new Agent({ bodyTimeout: 0, connect: { timeout: 5000, ...(ca !== undefined && { ca }) } }) }
    }
    const { statusCode, headers, body } = await request(new URL(path, address), {
      dispatcher: opened.agent,
      signal,
      headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token.trim()}` }) },
    })
    return { status: statusCode, headers: headers as Record<string, string>, body }
  }
}

async function read(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readFile(file, 'utf8')
}
