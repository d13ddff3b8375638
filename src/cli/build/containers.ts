import { mountsOf } from './mounts.ts'
import { databaseOf, type BuiltService, type Project } from './project.ts'
import type { Yaml } from './yaml.ts'

/** What one of the files for Compose adds to the containers of a service. */
export interface Additions {
  /** To both of its containers. */
  readonly image?: YamlFields
  /** To the one that applies its migrations. */
  readonly migration?: YamlFields
  /** To the one that runs it. */
  readonly service: YamlFields
  readonly environment: Readonly<Record<string, string>>
  /** What has to be healthy before it starts. */
  readonly waitsFor: readonly string[]
}

type YamlFields = Readonly<Record<string, Yaml>>

/** Returns the containers of a service for Compose, by their names: it waits for the one that applies its migrations. */
export function containersOf(service: BuiltService, project: Project, additions: Additions): YamlFields {
  const { name, path, usesDatabase, hasMigrations } = service
  const image = { ...additions.image, build: { context: '.', target: name }, ...hardened }
  const environment = environmentOf(service, project)
  const volumes = mountsOf(service).map(({ folder, path: target }) => `./${folder}:${target}:ro`)
  const migration = `${name}-migrate`
  const waits = {
    ...Object.fromEntries(additions.waitsFor.map((one) => [one, healthy])),
    ...(usesDatabase && { postgres: healthy }),
    ...(hasMigrations && { [migration]: { condition: 'service_completed_successfully' } }),
  }
  return {
    ...(hasMigrations && {
      [migration]: {
        ...image,
        command: ['migrate', 'up', path],
        environment: { DATABASE_URL: environment['DATABASE_URL'] },
        depends_on: { postgres: healthy },
        ...additions.migration,
      },
    }),
    [name]: {
      ...image,
      environment: { ...environment, ...additions.environment },
      ...(Object.keys(waits).length > 0 && { depends_on: waits }),
      ...(volumes.length > 0 && { volumes }),
      healthcheck: healthcheck(service),
      stop_grace_period: stopGracePeriod,
      restart: 'unless-stopped',
      ...additions.service,
    },
  }
}

const healthy = { condition: 'service_healthy' }

/** What keeps a container from changing itself, and from more rights. */
const hardened = {
  read_only: true,
  tmpfs: ['/tmp'],
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
} as const

/** More than a stop takes: 1.5 s until callers know, 25 s for requests in flight, and some to spare. */
const stopGracePeriod = '40s'

/**
 * Asks a service whether it is ready, with the Node of its image. The certificate is for another name than 127.0.0.1, and
 * a service that wants one of its callers is asked at its admin port.
 */
function healthcheck({ port, scheme, adminPort, needsCertificates }: BuiltService): Yaml {
  const isSecure = scheme === 'https' && !needsCertificates
  const script = isSecure
    ? `import('node:https').then(({ get }) => get('https://127.0.0.1:${port}/health/ready', { rejectUnauthorized: false }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1)))`
    : `fetch('http://127.0.0.1:${needsCertificates ? adminPort : port}/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`
  return { test: ['CMD', 'node', '-e', script], interval: '5s', timeout: '3s', start_period: '30s', retries: 3 }
}

/** The environment of a service, besides how it finds others. */
function environmentOf(service: BuiltService, { usesNats, usesRedis }: Project): Readonly<Record<string, string>> {
  return {
    ...(service.usesDatabase && { DATABASE_URL: databaseUrl(service) }),
    ...(usesNats && { EVENTS_URL: 'nats://nats:4222' }),
    ...(usesRedis && { REDIS_URL: 'redis://redis:6379' }),
    ...Object.fromEntries(
      service.needs.map(({ variable }) => [variable, `\${${variable}:?set it for ${service.name}}`]),
    ),
    ...service.variables,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318',
  }
}

function databaseUrl(service: BuiltService): string {
  return `postgres://postgres:\${POSTGRES_PASSWORD:-postgres}@postgres:5432/${databaseOf(service)}`
}
