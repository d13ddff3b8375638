import {
  backing,
  certificateVolumes,
  configsOf,
  environmentOf,
  hardened,
  healthcheck,
  stopGracePeriod,
  volumesOf,
} from './composeParts.ts'
import type { BuiltService, Project } from './project.ts'
import { toYaml, type Yaml } from './yaml.ts'

/** Returns `compose.yaml`: one instance of each service on one machine, which find each other by their names. */
export function composeFile(project: Project): string {
  const { name, services } = project
  const addresses = services
    .map((service) => `${service.name}=${service.scheme === 'https' ? 'https://' : ''}${service.name}:${service.port}`)
    .join(',')
  return toYaml({
    name,
    services: {
      ...Object.fromEntries(services.flatMap((service) => containersOf(service, project, addresses))),
      ...backing(project),
    },
    configs: configsOf(project),
    volumes: volumesOf(project),
  })
}

function containersOf(
  service: BuiltService,
  project: Project,
  addresses: string,
): readonly (readonly [string, Yaml])[] {
  const { name, path, port, usesDatabase, hasMigrations, callees } = service
  const image = { build: { context: '.', target: name }, ...hardened }
  const waits = {
    ...(usesDatabase && { postgres: { condition: 'service_healthy' } }),
    ...(hasMigrations && { [`${name}-migrate`]: { condition: 'service_completed_successfully' } }),
  }
  const environment = {
    ...environmentOf(service, project),
    ...(callees.length > 0 && { TRICUBE_SERVICES: addresses }),
  }
  const { DATABASE_URL } = environmentOf(service, project)
  return [
    ...(hasMigrations
      ? [
          [
            `${name}-migrate`,
            {
              ...image,
              command: ['migrate', 'up', path],
              environment: { DATABASE_URL },
              depends_on: { postgres: { condition: 'service_healthy' } },
            },
          ] as const,
        ]
      : []),
    [
      name,
      {
        ...image,
        environment,
        ...(Object.keys(waits).length > 0 && { depends_on: waits }),
        ports: [`127.0.0.1:\${${variableOf(name)}:-${port}}:${port}`],
        ...certificateVolumes(service),
        healthcheck: healthcheck(service),
        stop_grace_period: stopGracePeriod,
        restart: 'unless-stopped',
      },
    ],
  ]
}

/** The variable with another port on the machine: `ORDER_SERVICE_PORT`. */
function variableOf(name: string): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_PORT`
}
