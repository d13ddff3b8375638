import type { BuiltService } from './project.ts'
import type { Yaml } from './yaml.ts'

/** A folder that a container reads from outside of its image. */
export interface Mount {
  /** Its name in a pod. */
  readonly name: string
  /** Its path in the container. */
  readonly path: string
  /** The folder of the project that Compose mounts. */
  readonly folder: string
  /** What Kubernetes mounts. */
  readonly source: Readonly<Record<string, Yaml>>
}

/** Returns what a service reads: its certificates, its own key, and the keys of its callers. */
export function mountsOf({ name, certificates, serviceKeys }: BuiltService): readonly Mount[] {
  const { own, ofCallers } = serviceKeys
  const folder = `certs/${name}`
  return [
    ...certificates.map(({ path, files }, i) => {
      const items = files.map(({ file, key }) => ({ key, path: file }))
      return { name: `tls-${i + 1}`, path, folder, source: { secret: { secretName: `${name}-tls`, items } } }
    }),
    ...(own === undefined
      ? []
      : [{ name: 'service-key', path: own, folder, source: { secret: { secretName: `${name}-key` } } }]),
    ...(ofCallers === undefined
      ? []
      : [{ name: publicKeys, path: ofCallers, folder: publicKeys, source: { configMap: { name: publicKeys } } }]),
  ]
}

/** Where the public keys of all services are: for Compose this folder, for Kubernetes this ConfigMap. */
export const publicKeys = 'service-keys'
