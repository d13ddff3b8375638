import { backing, configsOf, volumesOf } from './backing.ts'
import { containersOf } from './containers.ts'
import type { BuiltService, Project } from './project.ts'
import { toYaml } from './yaml.ts'

/**
 * Returns `compose.cluster.yaml`: several instances of each service, which find each other by Consul. nginx is the way in
 * from outside. Docker Swarm reads the same file.
 */
export function clusterFile(project: Project): string {
  const { name, services } = project
  const reached = services.filter(({ isPublic }) => isPublic)
  const hasEdge = reached.length > 0
  const containers = services.map((service) =>
    containersOf(service, project, {
      image: { image: `\${REGISTRY:-local}/${name}/${service.name}:\${TAG:-latest}` },
      migration: { deploy: { restart_policy: { condition: 'on-failure' } } }, // swarm knows no depends_on
      service: { deploy: { replicas: 2, update_config: { order: 'start-first', parallelism: 1 } } },
      environment: { CONSUL_HTTP_ADDR: 'consul:8500' },
      waitsFor: ['consul'],
    }),
  )
  return toYaml({
    name: `${name}-cluster`,
    services: {
      ...Object.assign({}, ...containers, backing(project)),
      consul: {
        image: 'hashicorp/consul:1.22',
        command: ['agent', '-server', '-bootstrap-expect=1', '-client=0.0.0.0', '-ui'],
        ports: ['127.0.0.1:8500:8500'],
        healthcheck: { test: ['CMD', 'consul', 'members'], interval: '2s', timeout: '3s', retries: 30 },
        restart: 'unless-stopped',
      },
      ...(hasEdge && {
        edge: {
          image: 'nginx:1.29',
          configs: [{ source: 'edge', target: edgeTarget(reached) }],
          ports: reached.map(({ port }) => `${port}:${port}`),
          restart: 'unless-stopped',
        },
      }),
    },
    configs: { ...configsOf(project), ...(hasEdge && { edge: { content: edgeConfig(reached) } }) },
    volumes: volumesOf(project),
  })
}

/** The name of a service is resolved again and again, because instances come and go. */
function httpConfig(services: readonly BuiltService[]): string {
  const servers = services.map(
    ({ name, port }) =>
      `server {
  listen ${port};
  location / {
    set $$service ${name};
    proxy_pass http://$$service:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $$host;
    proxy_set_header X-Forwarded-For $$remote_addr;
  }
}
`,
  )
  return `resolver 127.0.0.11 valid=2s;\n${servers.join('')}`
}

function edgeTarget(services: readonly BuiltService[]): string {
  return services.some(isSecure) ? '/etc/nginx/nginx.conf' : '/etc/nginx/conf.d/default.conf'
}

/** Passes TLS on as it is: the service itself shows its certificate, and asks for that of its caller. */
function edgeConfig(services: readonly BuiltService[]): string {
  const secure = services.filter(isSecure)
  const http = httpConfig(services.filter((service) => !isSecure(service)))
  if (secure.length === 0) return http
  const servers = secure.map(
    ({ name, port }) => `  server {
    listen ${port};
    set $$service ${name}:${port};
    proxy_pass $$service;
  }
`,
  )
  return `events {}
http {
${http}}
stream {
  resolver 127.0.0.11 valid=2s;
${servers.join('')}}
`
}

function isSecure({ scheme }: BuiltService): boolean {
  return scheme === 'https'
}
