import { authSchemes, schemesOf, serviceTokenHeader, type AuthScheme } from '../contract/auth.ts'
import type { Operation, Operations } from '../contract/operation.ts'
import type { OpenApiSecurity, OpenApiSecurityScheme } from './types.ts'

/** The scheme of a service's token. A contract does not say whether a service shows that or its certificate. */
const serviceToken = 'serviceToken'

const descriptions: Readonly<Record<AuthScheme | typeof serviceToken, OpenApiSecurityScheme>> = {
  user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'the access token of a user' },
  key: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'an API key' },
  service: { type: 'mutualTLS', description: 'the certificate of a service' },
  [serviceToken]: { type: 'apiKey', in: 'header', name: serviceTokenHeader, description: 'the token of a service' },
}

/** Describes the schemes that operations name; undefined when they name none. */
export function securitySchemesOf(operations: Operations): Readonly<Record<string, OpenApiSecurityScheme>> | undefined {
  const named = new Set(Object.values(operations).flatMap(schemesOf))
  if (named.size === 0) return undefined
  const described = authSchemes.filter((one) => named.has(one)).flatMap(namesOf)
  return Object.fromEntries(described.map((one) => [one, descriptions[one]]))
}

/** Describes who may call an operation; undefined when its contract does not say. */
export function securityOf(operation: Operation): OpenApiSecurity | undefined {
  const { auth, scopes = [] } = operation
  if (auth === undefined) return undefined
  return schemesOf(operation).flatMap((scheme) =>
    namesOf(scheme).map((name) => ({ [name]: scheme === 'service' ? [] : [...scopes] })),
  )
}

function namesOf(scheme: AuthScheme): readonly (keyof typeof descriptions)[] {
  return scheme === 'service' ? [scheme, serviceToken] : [scheme]
}
