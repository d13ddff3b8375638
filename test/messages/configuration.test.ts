import { contract, secret, service, t } from 'tricube'
import { afterEach, describe, expect, test, vi } from 'vitest'

process.env['LOG_LEVEL'] = 'silent'

const quietService = contract('quiet-service', { say: { route: 'GET /say', returns: t.String() } })
const settings = {
  pspUrl: t.Optional(t.String({ format: 'uri' })),
  retries: t.Integer({ default: 3, maximum: 10 }),
  speed: t.Optional(t.Union([t.Literal('fast'), t.Literal('safe')])),
  jwtSecret: secret(t.Optional(t.String({ minLength: 8 }))),
}

const rows: readonly (readonly [mistake: string, variable: string, value: string, line: string])[] = [
  [
    'a port in words',
    'PORT',
    'eighty',
    'PORT in the environment: expected a whole number from 0 to 65535, got "eighty"',
  ],
  [
    'a port that does not exist',
    'PORT',
    '70000',
    'PORT in the environment: expected a whole number from 0 to 65535, got 70000',
  ],
  [
    'an address that is none',
    'HOST',
    'http://localhost',
    'HOST in the environment: expected an address, a hostname, or a socket like unix:/run/user-service.sock, got "http://localhost"',
  ],
  [
    'an unknown level',
    'LOG_LEVEL',
    'verbose',
    'LOG_LEVEL in the environment: expected one of trace, debug, info, warn, error, fatal, silent, got "verbose"',
  ],
  [
    'an unknown format of the log',
    'LOG_FORMAT',
    'xml',
    'LOG_FORMAT in the environment: expected one of json, ecs, pretty, got "xml"',
  ],
  ['a share over 1', 'LOG_REQUESTS', '50', 'LOG_REQUESTS in the environment: expected a number from 0 to 1, got 50'],
  [
    'the URL of another database',
    'DATABASE_URL',
    'mysql://root@localhost/db',
    'DATABASE_URL in the environment: expected a URL like postgres://user:password@host:5432/database',
  ],
  [
    'a database without its scheme',
    'DATABASE_URL',
    'localhost:5432/db',
    'DATABASE_URL in the environment: expected a URL like postgres://user:password@host:5432/database',
  ],
  [
    'an address of a service without a port',
    'TRICUBE_SERVICES',
    'user-service=localhost',
    'TRICUBE_SERVICES in the environment: expected addresses like role-service=127.0.0.1:8020,region-service=127.0.0.1:8050, got "user-service=localhost"',
  ],
  [
    'an address without its service',
    'TRICUBE_SERVICES',
    'localhost:8030',
    'TRICUBE_SERVICES in the environment: expected addresses like role-service=127.0.0.1:8020,region-service=127.0.0.1:8050, got "localhost:8030"',
  ],
  [
    'an agent with another scheme',
    'CONSUL_HTTP_ADDR',
    'ftp://consul:8500',
    'CONSUL_HTTP_ADDR in the environment: expected an address like 127.0.0.1:8500, https://consul.internal:8501 or unix:///run/consul.sock, got "ftp://consul:8500"',
  ],
  ['an unknown check', 'CONSUL_CHECK', 'tcp', 'CONSUL_CHECK in the environment: expected one of ttl, http, got "tcp"'],
  [
    'a flag in words',
    'CONSUL_HTTP_SSL',
    'sometimes',
    'CONSUL_HTTP_SSL in the environment: expected true or false, got "sometimes"',
  ],
  [
    'a DNS name without the service',
    'TRICUBE_DNS',
    'consul.local',
    'TRICUBE_DNS in the environment: expected {service}.prod.svc.cluster.local:8080, got "consul.local"',
  ],
  ['a negative weight', 'TRICUBE_WEIGHT', '-1', 'TRICUBE_WEIGHT in the environment: expected a number above 0, got -1'],
  [
    'an unknown sampler',
    'OTEL_TRACES_SAMPLER',
    'half',
    'OTEL_TRACES_SAMPLER in the environment: expected one of always_on, always_off, traceidratio, ratelimit, parentbased_always_on, parentbased_always_off, parentbased_traceidratio, parentbased_ratelimit, got "half"',
  ],
  [
    'an unknown propagator',
    'OTEL_PROPAGATORS',
    'jaeger',
    'OTEL_PROPAGATORS in the environment: expected names from tracecontext, baggage, b3, b3multi, none, separated by commas, got a list of 1',
  ],
  [
    'a collector without a scheme',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'collector:4318',
    'OTEL_EXPORTER_OTLP_ENDPOINT in the environment: expected a URL like http://collector:4318, got "collector:4318"',
  ],
  [
    'an unknown exporter of metrics',
    'OTEL_METRICS_EXPORTER',
    'statsd',
    'OTEL_METRICS_EXPORTER in the environment: expected one of prometheus, none, got "statsd"',
  ],
  [
    'a broker of another kind',
    'EVENTS_URL',
    'amqp://rabbit',
    'EVENTS_URL in the environment: expected nats://host:4222 or tls://host:4222, separated by commas',
  ],
  ['a setting of your own that is no URL', 'PSP_URL', 'psp', 'PSP_URL in the environment: must match format "uri"'],
  ['a setting of your own over its maximum', 'RETRIES', '11', 'RETRIES in the environment: must be <= 10'],
  ['a setting of your own with another value', 'SPEED', 'slow', 'SPEED in the environment: must be one of fast, safe'],
  [
    'a secret that is too short',
    'JWT_SECRET',
    'hunter2',
    'JWT_SECRET in the environment: must NOT have fewer than 8 characters',
  ],
]

afterEach(() => vi.unstubAllEnvs())

describe('what you read at the start when a variable has', () => {
  test.each(rows)('%s', async (_mistake, variable, value, line) => {
    vi.stubEnv(variable, value)
    const app = service(quietService, { settings, handlers: { say: () => 'hello' } })
    const error: unknown = await app.inject('/say').catch((reason: unknown) => reason)
    await app.close().catch(() => {})
    expect((error as Error).message).toBe(line)
    if (variable === 'JWT_SECRET') expect(line).not.toContain(value)
  })
})
