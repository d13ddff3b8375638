import type { Identity, ServiceCaller } from './identity.ts'

/** Returns the identity of a service. Its rights are not scopes: operations name their `callers`. */
export function serviceIdentity(value: ServiceCaller): Identity {
  const { id, name } = value
  return { scheme: 'service', key: JSON.stringify(['service', id]), name: `service ${name}`, scopes: undefined, value }
}
