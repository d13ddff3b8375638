import type { BuiltService, Project } from './project.ts'

/** Returns lines on what somebody has to fill in before the services start. */
export function noticesOf({ name: namespace, services }: Project): readonly string[] {
  return services.flatMap((service) => [
    ...settingsNotices(service, namespace),
    ...certificateNotices(service, namespace),
  ])
}

function settingsNotices({ name, needs }: BuiltService, namespace: string): readonly string[] {
  if (needs.length === 0) return []
  const [secrets, settings] = [needs.filter(({ isSecret }) => isSecret), needs.filter(({ isSecret }) => !isSecret)]
  const literals = (some: typeof needs): string => some.map(({ variable }) => `--from-literal=${variable}=…`).join(' ')
  return [
    `${name}: for Compose, set ${needs.map(({ variable }) => variable).join(', ')} in the file .env`,
    ...(settings.length > 0
      ? [`${name}: for Kubernetes, kubectl create configmap ${name}-settings -n ${namespace} ${literals(settings)}`]
      : []),
    ...(secrets.length > 0
      ? [`${name}: for Kubernetes, kubectl create secret generic ${name}-secrets -n ${namespace} ${literals(secrets)}`]
      : []),
  ]
}

/** Where the certificates of a service belong. */
function certificateNotices(
  { name, scheme, certificates, needsCertificates, adminPort }: BuiltService,
  namespace: string,
): readonly string[] {
  if (scheme === 'http') return []
  const files = certificates.flatMap((folder) => folder.files)
  if (files.length === 0) {
    return [`${name}: no certificates are mounted, since tls names no folder of their own: use one such as /run/tls`]
  }
  const literals = files.map(({ file, key }) => `--from-file=${key}=${file}`).join(' ')
  return [
    `${name}: for Compose, put ${files.map(({ file }) => file).join(', ')} into ./certs/${name}, readable for user 1000`,
    `${name}: for Kubernetes, kubectl create secret generic ${name}-tls -n ${namespace} ${literals}`,
    ...(needsCertificates
      ? [`${name}: probes and metrics use the admin port ${adminPort}, which needs no certificate`]
      : []),
  ]
}

/** Returns what is wrong with the services as one project, though each of them is valid. */
export function warningsOf({ services }: Project): readonly string[] {
  if (services.some(({ isPublic }) => isPublic)) return []
  return [
    'no service has a way in from outside, since other services call each of them: set edge: true in the one that the internet reaches',
  ]
}
