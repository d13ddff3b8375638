import { databaseOf, type BuiltService, type Project } from './project.ts'
import type { Yaml } from './yaml.ts'

/** The programs beside the services, by their names. */
export function backing({ services, usesNats, usesRedis }: Project): Readonly<Record<string, Yaml>> {
  const usesDatabase = services.some((service) => service.usesDatabase)
  return {
    ...(usesDatabase && {
      postgres: {
        image: 'postgres:18',
        environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD:-postgres}' },
        configs: [{ source: 'databases', target: '/docker-entrypoint-initdb.d/databases.sql' }],
        volumes: ['postgres:/var/lib/postgresql'],
        healthcheck: {
          test: ['CMD', 'pg_isready', '-U', 'postgres', '-h', '127.0.0.1'],
          interval: '2s',
          timeout: '3s',
          retries: 30,
        },
        restart: 'unless-stopped',
      },
    }),
    ...(usesNats && {
      nats: {
        image: 'nats:2',
        command: ['-js', '-sd', '/data'],
        volumes: ['nats:/data'],
        restart: 'unless-stopped',
      },
    }),
    ...(usesRedis && { redis: { image: 'valkey/valkey:9', restart: 'unless-stopped' } }),
    jaeger: {
      image: 'jaegertracing/jaeger:2.13.0',
      ports: ['127.0.0.1:16686:16686'],
      restart: 'unless-stopped',
    },
    prometheus: {
      image: 'prom/prometheus:v3.8.0',
      profiles: ['monitoring'],
      configs: [{ source: 'prometheus', target: '/etc/prometheus/prometheus.yml' }],
      ports: ['127.0.0.1:9090:9090'],
    },
    grafana: {
      image: 'grafana/grafana:12.3.0',
      profiles: ['monitoring'],
      environment: { GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer' },
      configs: [
        { source: 'datasources', target: '/etc/grafana/provisioning/datasources/tricube.yml' },
        { source: 'dashboards', target: '/etc/grafana/provisioning/dashboards/tricube.yml' },
        { source: 'dashboard', target: '/etc/grafana/dashboards/tricube.json' },
      ],
      ports: ['127.0.0.1:3000:3000'],
    },
  }
}

/** The files of these programs. */
export function configsOf({ services }: Project): Readonly<Record<string, Yaml>> {
  const databases = services.filter((service) => service.usesDatabase).map(databaseOf)
  return {
    ...(databases.length > 0 && {
      databases: { content: databases.map((name) => `CREATE DATABASE ${name};\n`).join('') },
    }),
    prometheus: { content: prometheusConfig(services) },
    datasources: { content: datasources },
    dashboards: { content: dashboards },
    dashboard: { file: './node_modules/tricube/dist/grafana/tricube.json' },
  }
}

/** The volumes of these programs. */
export function volumesOf({ services, usesNats }: Project): Readonly<Record<string, Yaml>> {
  return {
    ...(services.some((service) => service.usesDatabase) && { postgres: {} }),
    ...(usesNats && { nats: {} }),
  }
}

/** All instances behind the name of a service are found by its DNS name. */
function prometheusConfig(services: readonly BuiltService[]): string {
  const jobs = services.map(
    ({ name, port, scheme, adminPort }) =>
      `  - job_name: ${name}\n${scheme === 'https' && adminPort === undefined ? secureScrape : ''}    dns_sd_configs:\n      - { names: [tasks.${name}, ${name}], type: A, port: ${adminPort ?? port} }\n`,
  )
  return `global: { scrape_interval: 5s }\nscrape_configs:\n${jobs.join('')}`
}

const secureScrape = '    scheme: https\n    tls_config: { insecure_skip_verify: true }\n'

const datasources = `apiVersion: 1
datasources:
  - { name: Prometheus, type: prometheus, url: http://prometheus:9090, isDefault: true }
`

const dashboards = `apiVersion: 1
providers:
  - { name: tricube, type: file, options: { path: /etc/grafana/dashboards } }
`
