import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LateLog } from '../../log/late.ts'
import { systemClock, type Clock } from '../../time/clock.ts'
import type { Registry } from '../registry.ts'
import type { KubernetesTransport } from './api.ts'
import { SliceClient } from './client.ts'
import { follow } from './follow.ts'
import { undiciTransport, type KubernetesAccess } from './transport.ts'

/** Options of `kubernetesRegistry`. */
export interface KubernetesOptions {
  /**
   * The URL of the API, such as that of `kubectl proxy`. Default: the API of the cluster that this process runs in, with the
   * token of its service account.
   */
  readonly address?: string | undefined
  /** The namespace of the services. Default: that of this process, else `default`. */
  readonly namespace?: string | undefined
  /** The name of the port of a service with several ports. Default `http`. */
  readonly port?: string
  /** A file with a token, read again for each request. */
  readonly tokenFile?: string | undefined
  /** A file with the authority behind the certificate of the API, in PEM. */
  readonly caFile?: string | undefined
  /** The region of the cluster: all instances are in it. */
  readonly region?: string | undefined
  /** The zone of this process, by which hints of the cluster are followed. */
  readonly zone?: string | undefined
  readonly log?: LateLog | undefined
  /** How requests are sent. Default: undici. */
  readonly transport?: KubernetesTransport | undefined
  /** Default: the system clock. */
  readonly clock?: Clock
  /** Returns numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * Returns a registry in which services find each other by the EndpointSlices of Kubernetes. The name of a contract is the
 * name of its Service. It registers nothing: the readiness probe of a pod does.
 *
 * @throws {TypeError} when no address is given and this process does not run in a cluster
 *
 * @example
 * kubernetesRegistry({ namespace: 'shop' })
 */
export function kubernetesRegistry(options: KubernetesOptions = {}): Registry {
  const { port = 'http', region, zone, log, clock = systemClock, random = Math.random } = options
  const transport = options.transport ?? undiciTransport(accessOf(options))
  const namespace = async (): Promise<string> => options.namespace ?? ownNamespace()
  const client = new SliceClient({ transport, namespace, clock, random })
  return {
    register: () => Promise.resolve(() => Promise.resolve()),
    watch(service, onChange) {
      const end = new AbortController()
      void follow({ service, port, region, zone }, onChange, { client, namespace, clock, random, log }, end.signal)
      return () => end.abort()
    },
  }
}

function accessOf({ address, tokenFile, caFile }: KubernetesOptions): KubernetesAccess {
  if (address !== undefined) return { address, tokenFile, caFile }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env
  if (!host) {
    throw new TypeError('this process does not run in Kubernetes: give an address, such as that of kubectl proxy')
  }
  return {
    address: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tokenFile: tokenFile ?? join(accountFolder, 'token'),
    caFile: caFile ?? join(accountFolder, 'ca.crt'),
  }
}

async function ownNamespace(): Promise<string> {
  try {
    return (await readFile(join(accountFolder, 'namespace'), 'utf8')).trim()
  } catch {
    return 'default'
  }
}

/** Where the kubelet puts the files of the service account. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
