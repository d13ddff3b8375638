import { publicKeys } from './mounts.ts'
import { ownKeyFile } from './serviceKeys.ts'
import type { BuiltService, Project } from './project.ts'

/** Returns lines on what somebody has to fill in before the services start. */
export function noticesOf({ name: namespace, services }: Project): readonly string[] {
  return [
    ...services.flatMap((service) => [
      ...settingsNotices(service, namespace),
      ...certificateNotices(service, namespace),
      ...ownKeyNotices(service, namespace),
    ]),
    ...publicKeyNotices(services, namespace),
  ]
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

/** Where the private key of a service belongs. */
function ownKeyNotices({ name, serviceKeys }: BuiltService, namespace: string): readonly string[] {
  if (serviceKeys.own === undefined) return []
  return [
    `${name}: for Compose, put its private key into ./certs/${name}/${ownKeyFile}, readable for user 1000`,
    `${name}: for Kubernetes, kubectl create secret generic ${name}-key -n ${namespace} --from-file=${ownKeyFile}`,
  ]
}

/** Where the public keys of all services belong. */
function publicKeyNotices(services: readonly BuiltService[], namespace: string): readonly string[] {
  const readers = services.filter(({ serviceKeys }) => serviceKeys.ofCallers !== undefined)
  if (readers.length === 0) return []
  const files = services.filter(({ serviceKeys }) => serviceKeys.own).map(({ name }) => `${name}.pem`)
  const who = readers.map(({ name }) => name).join(', ')
  return [
    `${who}: for Compose, put the public keys of callers into ./${publicKeys}: ${files.join(', ') || '<service>.pem'}`,
    `${who}: for Kubernetes, kubectl create configmap ${publicKeys} -n ${namespace} --from-file=${publicKeys}`,
  ]
}

/** Returns what is wrong with the services as one project, though each of them is valid. */
export function warningsOf({ installed, services }: Project): readonly string[] {
  const add =
    installed.packageManager === 'pnpm' ? `pnpm add${installed.hasOwnPackages ? ' -w' : ''} tricube` : 'npm i tricube'
  return [
    ...(installed.hasTricube
      ? []
      : [
          `the image has no node_modules/tricube, which it runs: add tricube to the dependencies of package.json: ${add}`,
        ]),
    ...(services.some(({ isPublic }) => isPublic)
      ? []
      : [
          'no service has a way in from outside, since other services call each of them: set edge: true in the one that the internet reaches',
        ]),
  ]
}
