import { fileURLToPath } from 'node:url'
import { API, type Project } from 'typescript/unstable/sync'

/** The folder of the repository, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** Opens a project of this repository in the TypeScript compiler. `files` replace those on the disk, by path from the root. */
export function openProject(
  config: string,
  files: Readonly<Record<string, string>> = {},
): Disposable & { readonly project: Project } {
  const text = (path: string): string | undefined => files[path.replace(root, '')]
  const api = new API({
    cwd: root,
    fs: { readFile: text, fileExists: (path) => (text(path) === undefined ? undefined : true) },
  })
  const snapshot = api.updateSnapshot({ openProjects: [root + config] })
  return { project: snapshot.getProject(root + config)!, [Symbol.dispose]: () => api.close() }
}
