import { fetchJson } from './fetchJson.ts'

/**
 * Fetches the discovery document of an issuer. OpenID Connect Discovery 1.0, 4
 *
 * @throws {Error} when there is none in time, or it names another issuer
 */
export async function discover(issuer: string): Promise<Readonly<Record<string, unknown>>> {
  const document = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer: named } = document
  if (named !== issuer) throw new Error(`its discovery document names another issuer: ${JSON.stringify(named)}`)
  return document
}
