import type { Instance, Registry } from './registry.ts'

/**
 * Returns a registry of fixed addresses by service name.
 *
 * @throws {TypeError} when an address is neither `host:port` nor an origin such as `https://host:port`
 *
 * @example
 * staticRegistry({ 'role-service': ['127.0.0.1:8020', '127.0.0.1:8021'] })
 */
export function staticRegistry(services: Readonly<Record<string, readonly string[]>>): Registry {
  const instances = new Map(
    Object.entries(services).map(([service, addresses]) => [
      service,
      addresses.map((address) => instanceAt(service, address)),
    ]),
  )
  return {
    register: () => Promise.resolve(() => Promise.resolve()),
    watch(service, onChange) {
      onChange(instances.get(service) ?? [])
      return () => {}
    },
  }
}

/**
 * Parses the value of `TRICUBE_SERVICES`: `role-service=127.0.0.1:8020,role-service=https://10.0.0.8:8021`.
 *
 * @throws {TypeError} when an entry is not `name=host:port`
 *
 * @example
 * const registry = staticRegistry(parseServices('role-service=127.0.0.1:8020,role-service=https://10.0.0.8:8021'))
 */
export function parseServices(text: string): Record<string, string[]> {
  const services: Record<string, string[]> = {}
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const [, service, address] = /^([a-z0-9-]+)=(.+)$/.exec(part) ?? []
    if (!service || !address) throw new TypeError(`"${part}" is not name=host:port, as in role-service=127.0.0.1:8020`)
    instanceAt(service, address)
    ;(services[service] ??= []).push(address)
  }
  return services
}

/** Parses an address; with a scheme, the port is optional. */
function instanceAt(service: string, text: string): Instance {
  const [, scheme, bracketed, plain, written] =
    /^(?:(https?):\/\/)?(?:\[([\da-f:.]+)\]|([^:/?#@\s]+))(?::(\d{1,5}))?\/?$/i.exec(text) ?? []
  const address = bracketed ?? plain
  const port = Number(written ?? defaultPorts[scheme?.toLowerCase() ?? ''])
  if (!address || !(port <= 65535)) throw new TypeError(`"${text}" is not host:port or https://host:port`)
  const secure = scheme?.toLowerCase() === 'https'
  return { id: `${service}@${text}`, service, address, port, ...(secure && { secure }) }
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }
