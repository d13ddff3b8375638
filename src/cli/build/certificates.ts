import { posix, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TlsOptions } from '../../http/tls.ts'

/** A folder of a container with files of certificates. */
export interface CertificateFolder {
  /** Its path in the container. */
  readonly path: string
  /** The name of each file, and its name in a Secret of Kubernetes as cert-manager writes it. */
  readonly files: readonly { readonly file: string; readonly key: string }[]
}

const keys = { cert: 'tls.crt', key: 'tls.key', ca: 'ca.crt' } as const

/** Returns the folders in which a service looks for its certificates. Paths inside the project are below `/app`. */
export function certificateFolders(tls: Partial<TlsOptions> | undefined, root: string): readonly CertificateFolder[] {
  const folders = new Map<string, { file: string; key: string }[]>()
  for (const [name, key] of Object.entries(keys)) {
    const given = tls?.[name as keyof typeof keys]
    if (given === undefined) continue // the code reads the path from an environment that is not here
    const { dir, base } = posix.parse(pathInContainer(given, root))
    const files = folders.get(dir) ?? []
    folders.set(dir, [...files, { file: base, key }])
  }
  return [...folders].map(([path, files]) => ({ path, files }))
}

/** Returns where a container has a file or a folder. The project is in its `/app`. */
export function pathInContainer(path: string | URL, root: string): string {
  const full = resolve(root, path instanceof URL ? fileURLToPath(path) : path).replaceAll('\\', '/')
  const inside = relative(root, full).replaceAll('\\', '/')
  return inside.startsWith('..') ? full : `/app/${inside}`
}

/** Whether a folder of a container has code or temporary files too, which a volume would hide. */
export function isShared({ path }: CertificateFolder, services: readonly { readonly path: string }[]): boolean {
  if (path === '/app' || path === '/tmp') return true
  return services.some((one) => `/app/${one.path}/`.startsWith(`${path}/`))
}
