import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const allSubpaths = Object.keys(
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).exports,
)

/** `tricube/models/pg` passes on what Drizzle exports. */
const subpaths = allSubpaths.filter((path) => path !== './package.json' && path !== './models/pg')

it('passes on all of Drizzle for PostgreSQL, and what else a models file imports of it', async () => {
  const drizzle = Object.keys(await import('drizzle-orm/pg-core'))
  expect(Object.keys(await import('tricube/models/pg')).toSorted()).toEqual([...drizzle, 'relations', 'sql'].toSorted())
})

// What is exported is kept: a name that is new here is a decision, one that is gone breaks users.
it('exports these names', async () => {
  const names: Record<string, string[]> = {}
  for (const subpath of subpaths) {
    const specifier = subpath.replace('.', 'tricube')
    names[specifier] = Object.keys(await import(/* @vite-ignore */ specifier)).sort()
  }
  expect(names).toMatchInlineSnapshot(`
    {
      "tricube": [
        "BadGateway",
        "BadRequest",
        "ConfigError",
        "Conflict",
        "ContractError",
        "EnhanceYourCalm",
        "Forbidden",
        "GatewayTimeout",
        "Gone",
        "HttpError",
        "MethodNotAllowed",
        "NotAcceptable",
        "NotFound",
        "PayloadTooLarge",
        "PaymentRequired",
        "PreconditionFailed",
        "PreconditionRequired",
        "RequestHeaderFieldsTooLarge",
        "RequestTimeout",
        "ServerError",
        "ServiceUnavailable",
        "TooManyRequests",
        "Unauthorized",
        "UnavailableForLegalReasons",
        "UnprocessableEntity",
        "UnsupportedMediaType",
        "UriTooLong",
        "contract",
        "cookie",
        "csv",
        "defineConfig",
        "external",
        "file",
        "form",
        "inVersion",
        "jobs",
        "multipart",
        "ndjson",
        "open",
        "openapiDocument",
        "raw",
        "redirect",
        "redisStore",
        "resource",
        "secret",
        "service",
        "t",
        "text",
        "upload",
        "verifySignature",
        "versions",
      ],
      "tricube/auth": [
        "apiKeys",
        "createApiKey",
        "jwt",
        "listApiKeys",
        "mtls",
        "revokeApiKey",
        "serviceTokens",
      ],
      "tricube/client": [
        "client",
      ],
      "tricube/client/fetch": [
        "fetchClient",
      ],
      "tricube/decorators": [
        "traced",
      ],
      "tricube/discovery": [
        "consulRegistry",
        "consulValues",
        "dnsRegistry",
        "kubernetesRegistry",
        "parseServices",
        "staticRegistry",
      ],
      "tricube/metrics": [
        "Metrics",
      ],
      "tricube/migrations": [
        "MigrationError",
        "migrate",
        "migrateCommand",
        "migrationStatus",
        "rollback",
      ],
      "tricube/models": [
        "insertSchema",
        "selectSchema",
        "updateSchema",
      ],
      "tricube/sql": [
        "DatabaseError",
        "bucketMoves",
        "codecs",
        "database",
        "httpErrorOf",
        "sql",
      ],
      "tricube/testing": [
        "PostgresError",
        "TestFailure",
        "fakeConsul",
        "fakeKubernetes",
        "faultProxy",
        "kubernetesMischief",
        "startPostgres",
        "testService",
        "testSystem",
      ],
      "tricube/trace": [
        "traced",
      ],
    }
  `)
})
