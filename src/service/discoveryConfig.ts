import { parseAgentAddress } from '../discovery/consul/address.ts'
import { parseServices } from '../discovery/static.ts'
import { attempt, type Setting } from './setting.ts'

/** How a service finds the others, and is found. */
export interface DiscoveryConfig {
  /** Where other services are, whatever a registry says (`TRICUBE_SERVICES`: `name=host:port,name=https://host:port,…`). */
  readonly services: Readonly<Record<string, readonly string[]>>
  /** Consul's agent (`CONSUL_HTTP_ADDR`: `127.0.0.1:8500`, `https://…`, `unix:///…`). */
  readonly consulAddress: string | undefined
  /** Token of Consul's access control (`CONSUL_HTTP_TOKEN`). */
  readonly consulToken: string | undefined
  /** Whose instances are called (`CONSUL_DATACENTER`). Default: the agent's own. */
  readonly consulDatacenter: string | undefined
  /** Tags of what is registered (`CONSUL_TAGS`, separated by commas). */
  readonly consulTags: readonly string[]
  /** Who finds out whether the service is ready (`CONSUL_CHECK`): itself, `ttl`, or the agent, `http`. Default `ttl`. */
  readonly consulCheck: 'ttl' | 'http'
  /** Whether TLS is spoken with an address that does not say so (`CONSUL_HTTP_SSL`). Default false. */
  readonly consulTls: boolean
  /** Whether the agent's certificate is checked (`CONSUL_HTTP_SSL_VERIFY`). Default true. */
  readonly consulVerify: boolean
  /** The authority behind the agent's certificate, a file in PEM (`CONSUL_CACERT`). */
  readonly consulCaFile: string | undefined
  /** The service's certificate, a file in PEM (`CONSUL_CLIENT_CERT`). */
  readonly consulCertFile: string | undefined
  /** The key to it, a file in PEM (`CONSUL_CLIENT_KEY`). */
  readonly consulKeyFile: string | undefined
  /** The name in the agent's certificate (`CONSUL_TLS_SERVER_NAME`). */
  readonly consulServerName: string | undefined
  /** The services' names in the DNS (`TRICUBE_DNS`: `_http._tcp.{service}.…`, or `{service}.…:8080`; `https://…`). */
  readonly dnsName: string | undefined
  /** Where others reach this service (`ADVERTISE_ADDRESS`). Default: `HOST`, or the interface that routes to Consul. */
  readonly advertiseAddress: string | undefined
  /** Where it runs, coarsely (`TRICUBE_REGION`). */
  readonly region: string | undefined
  /** Where it runs, finely (`TRICUBE_ZONE`). */
  readonly zone: string | undefined
  /** What runs (`TRICUBE_VERSION`). */
  readonly version: string | undefined
  /** Its share of the traffic relative to other instances (`TRICUBE_WEIGHT`). Default 1. */
  readonly weight: number
}

/** Where nobody says otherwise. */
export const discoveryDefaults: DiscoveryConfig = {
  services: {},
  consulAddress: undefined,
  consulToken: undefined,
  consulDatacenter: undefined,
  consulTags: [],
  consulCheck: 'ttl',
  consulTls: false,
  consulVerify: true,
  consulCaFile: undefined,
  consulCertFile: undefined,
  consulKeyFile: undefined,
  consulServerName: undefined,
  dnsName: undefined,
  advertiseAddress: undefined,
  region: undefined,
  zone: undefined,
  version: undefined,
  weight: 1,
}

/** Where they come from. */
export const discoverySettings: { readonly [Name in keyof DiscoveryConfig]: Setting } = {
  services: {
    variable: 'TRICUBE_SERVICES',
    expected: 'role-service=127.0.0.1:8020,region-service=127.0.0.1:8050',
    parse: (text) => attempt(() => parseServices(text)) ?? text,
    accepts: (value) => typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray),
  },
  consulAddress: {
    ...text(
      'CONSUL_HTTP_ADDR',
      'an address like 127.0.0.1:8500, https://consul.internal:8501 or unix:///run/consul.sock',
    ),
    accepts: (value) => typeof value === 'string' && attempt(() => parseAgentAddress(value)) !== undefined,
  },
  consulToken: { ...text('CONSUL_HTTP_TOKEN', 'a token without spaces', /^[\x21-\x7e]+$/), secret: true },
  consulDatacenter: text('CONSUL_DATACENTER', 'the name of a datacenter', /^[\w-]+$/),
  consulTags: {
    variable: 'CONSUL_TAGS',
    expected: 'tags, separated by commas',
    parse: (list) => list.split(',').map((tag) => tag.trim()),
    accepts: (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string' && tag !== ''),
  },
  consulCheck: text('CONSUL_CHECK', 'ttl or http', /^(?:ttl|http)$/),
  consulTls: flag('CONSUL_HTTP_SSL'),
  consulVerify: flag('CONSUL_HTTP_SSL_VERIFY'),
  consulCaFile: text('CONSUL_CACERT', 'the path of a file'),
  consulCertFile: text('CONSUL_CLIENT_CERT', 'the path of a file'),
  consulKeyFile: text('CONSUL_CLIENT_KEY', 'the path of a file'),
  consulServerName: text('CONSUL_TLS_SERVER_NAME', 'a host name', /^[\w.-]+$/),
  dnsName: text(
    'TRICUBE_DNS',
    '{service}.prod.svc.cluster.local:8080',
    /^(?:https?:\/\/)?[\w.-]*\{service\}[\w.-]*(?::\d{1,5})?$/,
  ),
  advertiseAddress: text('ADVERTISE_ADDRESS', 'an address or a host name', /^[\w.:-]+$/),
  region: text('TRICUBE_REGION', 'a name', name()),
  zone: text('TRICUBE_ZONE', 'a name', name()),
  version: text('TRICUBE_VERSION', 'a version', name()),
  weight: {
    variable: 'TRICUBE_WEIGHT',
    expected: 'a number above 0',
    parse: Number,
    accepts: (value) => typeof value === 'number' && value > 0 && Number.isFinite(value),
  },
}

function text(variable: string, expected: string, pattern: RegExp = /./): Setting {
  return {
    variable,
    expected,
    parse: (given) => given,
    accepts: (value) => typeof value === 'string' && pattern.test(value),
  }
}

function flag(variable: string): Setting {
  const values: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false }
  return {
    variable,
    expected: 'true or false',
    parse: (given) => values[given.toLowerCase()] ?? given,
    accepts: (value) => typeof value === 'boolean',
  }
}

/** Consul keeps these as metadata: 512 characters at most. */
function name(): RegExp {
  return /^[\w .:+-]{1,512}$/
}
