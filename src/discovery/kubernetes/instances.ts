import { byId, hostPort } from '../instances.ts'
import type { Instance } from '../registry.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from './api.ts'

/** What is known besides the slices of a service. */
export interface SliceOptions {
  readonly service: string
  /** The name of the port that instances are called at. */
  readonly port: string
  /** The region of the cluster. */
  readonly region: string | undefined
  /** The zone of the caller: an endpoint with a hint for it is in it. */
  readonly zone: string | undefined
}

/** An endpoint with its address and port. */
interface Candidate {
  readonly endpoint: Endpoint
  readonly address: string
  readonly port: EndpointPort & { readonly port: number }
  readonly family: EndpointSlice['addressType']
}

/**
 * Returns the instances in all slices of a service: each endpoint once, and those that are ready. While none is, it returns
 * those that still serve while they terminate.
 */
export function toInstances(slices: Iterable<EndpointSlice>, options: SliceOptions): readonly Instance[] {
  const candidates = [...slices].flatMap((slice) => candidatesOf(slice, options.port))
  const ready = candidates.filter(({ endpoint }) => isReady(endpoint))
  const usable = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => isServingLast(endpoint))
  const instances = oneFamily(usable).map((candidate) => toInstance(candidate, options))
  return byId([...new Map(instances.map((instance) => [instance.id, instance])).values()])
}

/** A missing `ready` means yes: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions */
function isReady({ conditions: { ready, terminating } = {} }: Endpoint): boolean {
  return ready !== false && terminating !== true
}

function isServingLast({ conditions: { ready, serving, terminating } = {} }: Endpoint): boolean {
  return terminating === true && (serving ?? ready) !== false
}

function candidatesOf({ addressType, endpoints, ports }: EndpointSlice, name: string): readonly Candidate[] {
  const port = portOf(ports ?? [], name)
  if (!port) return []
  return (endpoints ?? []).flatMap((endpoint) =>
    endpoint.addresses.map((address) => ({ endpoint, address, port, family: addressType })),
  )
}

/** Returns the port with a name, or the only one. Its number may differ from slice to slice. */
function portOf(ports: readonly EndpointPort[], name: string): Candidate['port'] | undefined {
  const usable = ports.filter(({ port, protocol }) => typeof port === 'number' && (protocol ?? 'TCP') === 'TCP')
  const found = usable.find((port) => port.name === name) ?? (usable.length === 1 ? usable[0] : undefined)
  return found as Candidate['port'] | undefined
}

/** In a dual stack each pod has a slice for each family: one address is enough, and IPv4 comes first. */
function oneFamily(candidates: readonly Candidate[]): readonly Candidate[] {
  const withIpv4 = new Set(
    candidates.flatMap(({ endpoint, family }) => (family === 'IPv4' ? (endpoint.targetRef?.uid ?? []) : [])),
  )
  return candidates.filter(
    ({ endpoint: { targetRef }, family }) => family !== 'IPv6' || !withIpv4.has(targetRef?.uid ?? ''),
  )
}

function toInstance({ endpoint, address, port }: Candidate, options: SliceOptions): Instance {
  const { service, region, zone: ownZone } = options
  const hinted = endpoint.hints?.forZones?.map(({ name }) => name) ?? []
  const zone = hinted.find((name) => name === ownZone) ?? hinted[0] ?? endpoint.zone
  const isSecure = port.name === 'https' || port.appProtocol === 'https'
  const { name: pod } = endpoint.targetRef ?? {}
  return {
    id: `${service}@${hostPort(address, port.port)}`,
    service,
    address,
    port: port.port,
    ...(isSecure && { secure: true }),
    ...(region !== undefined && { region }),
    ...(zone !== undefined && { zone }),
    ...((pod ?? endpoint.nodeName) !== undefined && {
      meta: { ...(pod !== undefined && { pod }), ...(endpoint.nodeName !== undefined && { node: endpoint.nodeName }) },
    }),
  }
}
