import { mountsOf } from './mounts.ts'
import type { Need } from './needs.ts'
import type { BuiltService, Project } from './project.ts'
import type { Yaml } from './yaml.ts'

/** Returns the Deployment of a service. The autoscaler decides how many pods there are. */
export function deployment(service: BuiltService, project: Project): Yaml {
  const { name, port, callees, scheme, adminPort } = service
  const mounts = mountsOf(service)
  const probe = (path: string): Yaml => probedAt(service, path)
  const labels = { 'app.kubernetes.io/name': name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: callees.length > 0,
          enableServiceLinks: false,
          terminationGracePeriodSeconds,
          securityContext: podSecurity,
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: labels },
          })),
          containers: [
            {
              name,
              image: imageOf(service, project),
              ports: [
                { name: scheme, containerPort: port },
                ...(adminPort === undefined ? [] : [{ name: 'admin', containerPort: adminPort }]),
              ],
              env: environmentOf(service, project),
              startupProbe: { httpGet: probe('/health/live'), periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: { httpGet: probe('/health/ready'), periodSeconds: 5, timeoutSeconds: 2 },
              livenessProbe: {
                httpGet: probe('/health/live'),
                periodSeconds: 10,
                timeoutSeconds: 2,
                failureThreshold: 3,
              },
              resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '512Mi' } },
              securityContext: containerSecurity,
              volumeMounts: [
                { name: 'tmp', mountPath: '/tmp' },
                ...mounts.map((mount) => ({ name: mount.name, mountPath: mount.path, readOnly: true })),
              ],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: {} }, ...mounts.map((mount) => ({ name: mount.name, ...mount.source }))],
        },
      },
    },
  }
}

/** A service that wants certificates of its callers is asked at its admin port: a probe has none. */
function probedAt({ scheme, needsCertificates }: BuiltService, path: string): Yaml {
  if (needsCertificates) return { path, port: 'admin' }
  return { path, port: scheme, ...(scheme === 'https' && { scheme: 'HTTPS' }) }
}

/** Returns the Job that applies the migrations of a service, before a rollout. */
export function migrationJob(service: BuiltService, project: Project): Yaml {
  const { name, path } = service
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-migrate`,
      annotations: {
        'argocd.argoproj.io/hook': 'PreSync',
        'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
      },
    },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: 1800,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: podSecurity,
          containers: [
            {
              name: 'migrate',
              image: imageOf(service, project),
              args: ['migrate', 'up', path],
              env: [databaseUrl(service)],
              securityContext: containerSecurity,
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  }
}

/** 5 s before, 1.5 s until callers know, 25 s for requests in flight, 3 s to close, and some to spare. */
const terminationGracePeriodSeconds = 40

function environmentOf(service: BuiltService, { usesNats, usesRedis }: Project): readonly Yaml[] {
  return [
    { name: 'TRICUBE_PRE_STOP_DELAY_MS', value: '5000' }, // until all nodes know that the pod stops
    { name: 'NODE_OPTIONS', value: '--max-old-space-size=384' }, // three quarters of the limit
    ...(service.callees.length > 0 ? [{ name: 'TRICUBE_KUBERNETES', value: 'in-cluster' }] : []),
    ...(service.usesDatabase ? [databaseUrl(service)] : []),
    ...(usesNats ? [{ name: 'EVENTS_URL', value: 'nats://nats:4222' }] : []),
    ...(usesRedis ? [{ name: 'REDIS_URL', value: 'redis://redis:6379' }] : []),
    ...Object.entries(service.variables).map(([name, value]) => ({ name, value })),
    ...service.needs.map((need) => needed(service, need)),
  ]
}

function needed({ name }: BuiltService, { variable, isSecret }: Need): Yaml {
  return isSecret
    ? { name: variable, valueFrom: { secretKeyRef: { name: `${name}-secrets`, key: variable } } }
    : { name: variable, valueFrom: { configMapKeyRef: { name: `${name}-settings`, key: variable } } }
}

function databaseUrl({ name }: BuiltService): Yaml {
  return { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: `${name}-database`, key: 'url' } } }
}

function imageOf({ name }: BuiltService, project: Project): string {
  return `${project.name}/${name}:latest`
}

const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
}

const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
