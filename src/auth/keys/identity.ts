import type { ApiKey, Identity } from '../identity.ts'

/** Returns the identity of a program with an API key. */
export function keyIdentity(value: ApiKey): Identity {
  const { id, scopes } = value
  return { scheme: 'key', key: JSON.stringify(['key', id]), name: `key ${id}`, scopes, value }
}
