import { deployment, migrationJob } from './kubernetesPods.ts'
import type { BuiltService, Project } from './project.ts'
import { toYaml, toYamlDocuments, type Yaml } from './yaml.ts'

/** Returns the files below `k8s/`, by their paths. */
export function kubernetesFiles(project: Project): Readonly<Record<string, string>> {
  const { name, services } = project
  const callers = services.filter(({ callees }) => callees.length > 0)
  const migrated = services.filter(({ hasMigrations }) => hasMigrations)
  return {
    'k8s/base/kustomization.yaml': toYaml({
      ...kustomization,
      namespace: name,
      resources: [
        'namespace.yaml',
        ...(callers.length > 0 ? ['discovery.yaml'] : []),
        ...services.map((service) => `${service.name}.yaml`),
      ],
    }),
    'k8s/base/namespace.yaml': toYaml({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    ...(callers.length > 0 && { 'k8s/base/discovery.yaml': toYamlDocuments(discovery(callers)) }),
    ...Object.fromEntries(
      services.map((service) => [`k8s/base/${service.name}.yaml`, toYamlDocuments(objectsOf(service, project))]),
    ),
    ...(migrated.length > 0 && {
      'k8s/migrations/kustomization.yaml': toYaml({
        ...kustomization,
        namespace: name,
        resources: migrated.map((service) => `${service.name}.yaml`),
      }),
      ...Object.fromEntries(
        migrated.map((service) => [`k8s/migrations/${service.name}.yaml`, toYaml(migrationJob(service, project))]),
      ),
    }),
    'k8s/monitoring/kustomization.yaml': toYaml({
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
      kind: 'Component',
      resources: ['servicemonitors.yaml'],
    }),
    'k8s/monitoring/servicemonitors.yaml': toYamlDocuments(services.map(serviceMonitor)),
    ...Object.fromEntries(
      regions.map((region) => [`k8s/overlays/${region}/kustomization.yaml`, overlay(project, region)]),
    ),
  }
}

/** Two regions to begin with: rename them to yours. */
const regions = ['region-a', 'region-b']

const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }

function objectsOf(service: BuiltService, project: Project): readonly Yaml[] {
  const { name } = service
  const metadata = { name, labels: labelsOf(name) }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: service.callees.length > 0 },
    deployment(service, project),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labelsOf(name),
        ports: [{ name: service.scheme, port: service.scheme === 'https' ? 443 : 80, targetPort: service.scheme }],
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(name) } },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        ],
      },
    },
    ...(service.isPublic ? [] : [networkPolicy(service)]),
  ]
}

/** Lets in the services that call it, and Prometheus. Probes come from the node and need no rule. */
function networkPolicy({ name, callers, scheme, adminPort }: BuiltService): Yaml {
  const peers = callers.map((caller) => ({ podSelector: { matchLabels: labelsOf(caller) } }))
  const monitoring = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: labelsOf(name) },
    spec: {
      podSelector: { matchLabels: labelsOf(name) },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [...peers, monitoring], ports: [{ port: scheme }] },
        ...(adminPort === undefined ? [] : [{ from: [monitoring], ports: [{ port: 'admin' }] }]),
      ],
    },
  }
}

/** Who calls others may list and watch their EndpointSlices. */
function discovery(callers: readonly BuiltService[]): readonly Yaml[] {
  const metadata = { name: 'tricube-discovery' }
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'tricube-discovery' },
      subjects: callers.map(({ name }) => ({ kind: 'ServiceAccount', name })),
    },
  ]
}

function serviceMonitor({ name, scheme, adminPort }: BuiltService): Yaml {
  const secure = scheme === 'https' && { scheme, tlsConfig: { insecureSkipVerify: true } }
  const at = adminPort === undefined ? { port: scheme, ...secure } : { targetPort: 'admin' }
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name, labels: labelsOf(name) },
    spec: {
      selector: { matchLabels: labelsOf(name) },
      endpoints: [{ ...at, path: '/metrics', interval: '15s' }],
    },
  }
}

/** What differs between regions: the name of the region, which services learn by a variable. */
function overlay({ services }: Project, region: string): string {
  const patches = services.map(({ name }) => ({
    target: { kind: 'Deployment', name },
    patch: toYaml([
      {
        op: 'add',
        path: '/spec/template/spec/containers/0/env/-',
        value: { name: 'TRICUBE_REGION', value: region },
      },
    ]),
  }))
  return toYaml({ ...kustomization, resources: ['../../base'], patches })
}

/** The labels by which the pods of a service are found. */
function labelsOf(name: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': name }
}
