import type { Instance } from '../registry.ts'
import { byId } from '../instances.ts'

/** An instance of a service in a response of `/v1/health/service/:name`. */
interface HealthEntry {
  readonly Node: { readonly Address: string }
  readonly Service: {
    readonly ID: string
    readonly Service: string
    /** Empty: the address of the node. */
    readonly Address: string
    readonly Port: number
    readonly Meta?: Readonly<Record<string, string>> | null
    readonly Weights?: { readonly Passing: number }
  }
}

/** The body of `/v1/agent/service/register`. */
export interface ServiceDefinition {
  readonly ID: string
  readonly Name: string
  /** Default: the agent's own address. */
  readonly Address?: string
  readonly Port: number
  readonly Tags: readonly string[]
  readonly Meta: Readonly<Record<string, string>>
  readonly Weights: { readonly Passing: number; readonly Warning: number }
}

/**
 * Describes an instance to Consul. Without an `address`, the agent uses its machine's.
 *
 * Spring Cloud calls the metadata `secure`, too. The exact weight is in the metadata, for tricube's own clients; the
 * rounded one in `Weights` is for clients that use Consul's DNS.
 */
export function toDefinition(
  { id, service, port, secure, region, zone, version, weight = 1, meta }: Instance,
  address: string | undefined,
  tags: readonly string[],
): ServiceDefinition {
  return {
    ID: id,
    Name: service,
    ...(address !== undefined && { Address: address }),
    Port: port,
    Tags: tags,
    Meta: {
      ...meta,
      ...(secure && { secure: 'true' }),
      ...(region !== undefined && { region }),
      ...(zone !== undefined && { zone }),
      ...(version !== undefined && { version }),
      ...(weight !== 1 && { weight: String(weight) }),
    },
    Weights: { Passing: Math.max(1, Math.round(weight)), Warning: 1 },
  }
}

/** Reads the instances of a service from a response. */
export function toInstances(reported: unknown): readonly Instance[] {
  return byId((reported as readonly HealthEntry[]).map(toInstance))
}

function toInstance({ Node, Service }: HealthEntry): Instance {
  const { secure, region, zone, version, weight: exact, ...meta } = Service.Meta ?? {}
  const weight = Number(exact) > 0 ? Number(exact) : (Service.Weights?.Passing ?? 1)
  return {
    id: Service.ID,
    service: Service.Service,
    address: Service.Address || Node.Address,
    port: Service.Port,
    ...(secure === 'true' && { secure: true }),
    ...(region !== undefined && { region }),
    ...(zone !== undefined && { zone }),
    ...(version !== undefined && { version }),
    ...(weight !== 1 && { weight }),
    ...(Object.keys(meta).length > 0 && { meta }),
  }
}
