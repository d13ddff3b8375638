import { parseAgentAddress } from '../../../discovery/consul/address.ts'
import { parseServices } from '../../../discovery/static.ts'
import { attempt, flag, listOf, number, oneOf, text } from '../../../config/rules.ts'
import { fileSetting, setting, type Settings } from '../../../config/setting.ts'

/** Configuration of discovery. */
export interface DiscoveryConfig {
  /**
   * Addresses of other services, which override any registry (`TRICUBE_SERVICES`:
   * `name=host:port,name=https://host:port,…`).
   */
  readonly services: Readonly<Record<string, readonly string[]>>
  /** Consul's agent (`CONSUL_HTTP_ADDR`: `127.0.0.1:8500`, `https://…`, `unix:///…`). */
  readonly consulAddress: string | undefined
  /** Token of Consul's access control (`CONSUL_HTTP_TOKEN`). */
  readonly consulToken: string | undefined
  /** The datacenter whose instances are called (`CONSUL_DATACENTER`). Default: the agent's own. */
  readonly consulDatacenter: string | undefined
  /** Tags of the registration (`CONSUL_TAGS`, separated by commas). */
  readonly consulTags: readonly string[]
  /** Who checks readiness (`CONSUL_CHECK`): the service itself (`ttl`) or the agent (`http`). Default `ttl`. */
  readonly consulCheck: 'ttl' | 'http'
  /** Whether to use TLS for an address without a scheme (`CONSUL_HTTP_SSL`). Default false. */
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
  /**
   * The API of Kubernetes (`TRICUBE_KUBERNETES`): `in-cluster`, or a URL such as that of `kubectl proxy`,
   * `http://127.0.0.1:8001`.
   */
  readonly kubernetesApi: string | undefined
  /** The namespace of the services (`TRICUBE_KUBERNETES_NAMESPACE`). Default: the service's own. */
  readonly kubernetesNamespace: string | undefined
  /** The name of the port where services with several ports are called (`TRICUBE_KUBERNETES_PORT`). Default `http`. */
  readonly kubernetesPort: string
  /** The services' names in the DNS (`TRICUBE_DNS`: `_http._tcp.{service}.…`, or `{service}.…:8080`; `https://…`). */
  readonly dnsName: string | undefined
  /** Where others reach this service (`ADVERTISE_ADDRESS`). Default: `HOST`, or the interface that routes to Consul. */
  readonly advertiseAddress: string | undefined
  /** The region that it runs in (`TRICUBE_REGION`). */
  readonly region: string | undefined
  /** The zone that it runs in (`TRICUBE_ZONE`). */
  readonly zone: string | undefined
  /** The version that runs (`TRICUBE_VERSION`). */
  readonly version: string | undefined
  /** Its share of the traffic relative to other instances (`TRICUBE_WEIGHT`). Default 1. */
  readonly weight: number
}

const address = text('an address like 127.0.0.1:8500, https://consul.internal:8501 or unix:///run/consul.sock', /./)
const name = text('a name of letters, digits and . : + -, at most 512', /^[\w .:+-]{1,512}$/) // Consul keeps it as metadata

/** The settings behind these values. */
export const discoverySettings: Settings<DiscoveryConfig> = {
  services: setting<DiscoveryConfig['services']>(
    {
      expected: 'addresses like role-service=127.0.0.1:8020,region-service=127.0.0.1:8050',
      parse: (given) => attempt(() => parseServices(given)) ?? given,
      accepts: (value) => typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray),
    },
    { variable: 'TRICUBE_SERVICES', meaning: 'Fixed addresses of the services that are called.', value: {} },
  ),
  consulAddress: setting<string | undefined>(
    {
      ...address,
      accepts: (value) => typeof value === 'string' && attempt(() => parseAgentAddress(value)) !== undefined,
    },
    { variable: 'CONSUL_HTTP_ADDR', meaning: 'The Consul agent to register with and to query.', value: undefined },
  ),
  consulToken: setting<string | undefined>(text('a token without spaces', /^[\x21-\x7e]+$/), {
    variable: 'CONSUL_HTTP_TOKEN',
    meaning: 'Token of an access control list in Consul.',
    value: undefined,
    secret: true,
  }),
  consulDatacenter: setting<string | undefined>(text('the name of a datacenter', /^[\w-]+$/), {
    variable: 'CONSUL_DATACENTER',
    meaning: 'The datacenter whose instances are called.',
    value: undefined,
    fallback: "the agent's own",
  }),
  consulTags: setting<readonly string[]>(listOf(text('a tag'), 'tags, separated by commas'), {
    variable: 'CONSUL_TAGS',
    meaning: 'Tags of the service in Consul.',
    value: [],
  }),
  consulCheck: setting<'ttl' | 'http'>(oneOf(['ttl', 'http']), {
    variable: 'CONSUL_CHECK',
    meaning: 'Who checks that the service is ready: itself (`ttl`), or the agent by `GET /health/ready` (`http`).',
    value: 'ttl',
  }),
  consulTls: setting<boolean>(flag, {
    variable: 'CONSUL_HTTP_SSL',
    meaning: 'Whether to query the agent over TLS.',
    value: false,
  }),
  consulVerify: setting<boolean>(flag, {
    variable: 'CONSUL_HTTP_SSL_VERIFY',
    meaning: "Whether the agent's certificate is checked.",
    value: true,
  }),
  consulCaFile: fileSetting('CONSUL_CACERT', "Who signs the agent's certificate, a file in PEM."),
  consulCertFile: fileSetting('CONSUL_CLIENT_CERT', "The service's certificate for the agent, a file in PEM."),
  consulKeyFile: fileSetting('CONSUL_CLIENT_KEY', 'The key to that certificate, a file in PEM.'),
  consulServerName: setting<string | undefined>(text('a hostname', /^[\w.-]+$/), {
    variable: 'CONSUL_TLS_SERVER_NAME',
    meaning: "The name in the agent's certificate.",
    value: undefined,
  }),
  kubernetesApi: setting<string | undefined>(
    text('in-cluster, or a URL like http://127.0.0.1:8001', /^in-cluster$|^https?:\/\/[\w.:[\]-]+\/?$/),
    {
      variable: 'TRICUBE_KUBERNETES',
      meaning: 'The API of Kubernetes, which finds services: `in-cluster`, or a URL.',
      value: undefined,
    },
  ),
  kubernetesNamespace: setting<string | undefined>(text('the name of a namespace', /^[a-z0-9-]{1,63}$/), {
    variable: 'TRICUBE_KUBERNETES_NAMESPACE',
    meaning: 'The namespace of the services that are called.',
    value: undefined,
    fallback: "the service's own",
  }),
  kubernetesPort: setting<string>(text('the name of a port', /^[a-z0-9-]{1,15}$/), {
    variable: 'TRICUBE_KUBERNETES_PORT',
    meaning: 'The name of the port where services with several ports are called.',
    value: 'http',
  }),
  dnsName: setting<string | undefined>(
    text('{service}.prod.svc.cluster.local:8080', /^(?:https?:\/\/)?[\w.-]*\{service\}[\w.-]*(?::\d{1,5})?$/),
    {
      variable: 'TRICUBE_DNS',
      meaning: 'Names of the services in the DNS, with or without a port.',
      value: undefined,
    },
  ),
  advertiseAddress: setting<string | undefined>(text('an address or a hostname', /^[\w.:-]+$/), {
    variable: 'ADVERTISE_ADDRESS',
    meaning: 'Where others reach this service.',
    value: undefined,
    fallback: '`HOST`, or the interface that routes to Consul',
  }),
  region: setting<string | undefined>(name, {
    variable: 'TRICUBE_REGION',
    meaning: 'The region that the service runs in.',
    value: undefined,
  }),
  zone: setting<string | undefined>(name, {
    variable: 'TRICUBE_ZONE',
    meaning: 'The zone that the service runs in.',
    value: undefined,
  }),
  version: setting<string | undefined>(text('a version', /^[\w .:+-]{1,512}$/), {
    variable: 'TRICUBE_VERSION',
    meaning: 'The version of the service.',
    value: undefined,
  }),
  weight: setting<number>(
    {
      ...number(),
      expected: 'a number above 0',
      accepts: (value) => typeof value === 'number' && value > 0 && Number.isFinite(value),
    },
    { variable: 'TRICUBE_WEIGHT', meaning: "The instance's share of the traffic, relative to others.", value: 1 },
  ),
}
