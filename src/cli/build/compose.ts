import { backing, configsOf, volumesOf } from './backing.ts'
import { containersOf } from './containers.ts'
import type { Project } from './project.ts'
import { toYaml } from './yaml.ts'

/** Returns `compose.yaml`: one instance of each service on one machine, which find each other by their names. */
export function composeFile(project: Project): string {
  const { name, services } = project
  const addresses = services
    .map((service) => `${service.name}=${service.scheme === 'https' ? 'https://' : ''}${service.name}:${service.port}`)
    .join(',')
  const containers = services.map((service) =>
    containersOf(service, project, {
      service: { ports: [`127.0.0.1:\${${variableOf(service.name)}:-${service.port}}:${service.port}`] },
      environment: service.callees.length > 0 ? { TRICUBE_SERVICES: addresses } : {},
      waitsFor: [],
    }),
  )
  return toYaml({
    name,
    services: Object.assign({}, ...containers, backing(project)),
    configs: configsOf(project),
    volumes: volumesOf(project),
  })
}

/** The variable with another port on the machine: `ORDER_SERVICE_PORT`. */
function variableOf(name: string): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_PORT`
}
