/** The first example of a page, as its reader pastes it into a folder and starts it. */
import { dirname } from 'node:path'
import { type Block, blocksOf, nameOf } from '../repository/docBlocks.ts'
import { sceneOf } from '../repository/docModules.ts'

export interface Example {
  readonly page: string
  /** What is pasted, beside what the reader has. */
  readonly files: Readonly<Record<string, string>>
  /** What the reader types. */
  readonly line: string
  /** SQL that creates the tables which the page assumes. */
  readonly setup: string | undefined
}

/** Pages whose first example is run elsewhere. */
const elsewhere: Readonly<Record<string, string>> = {
  README: 'test/pack.test.ts types the quick start',
  clients: 'calls a running service: test/client/client.test.ts',
  connections: 'needs a primary and replicas: test/sql/pool',
  start: 'does what the command of the page does, which is typed',
  discovery: 'needs a Consul and a running service: test/discovery/consul.test.ts',
  tls: 'needs certificates in /run: test/http/tls.test.ts',
}

/** Returns undefined for a page without TypeScript, and for one whose example runs elsewhere. */
export function firstExampleOf(page: string): Example | undefined {
  const block = blocksOf(page).find(({ language }) => language === 'ts')
  const name = nameOf(page)
  if (!block || elsewhere[name] !== undefined) return undefined
  const path = `examples-of-pages/${name}/${block.file ?? fileOf(block)}`
  const scene = sceneOf(page)
  const files = Object.entries(scene).map(([file, text]) => [`examples-of-pages/${name}/${file}`, text] as const)
  const pasted = { ...Object.fromEntries(files), [path]: block.text }
  return { page, files: pasted, line: commandFor(block, path), setup: scene['setup.sql'] }
}

function fileOf({ text }: Block): string {
  if (isTest(text)) return 'service.test.ts'
  return isService(text) ? 'service.ts' : 'example.ts'
}

function commandFor({ text }: Block, path: string): string {
  if (isTest(text)) return `npx vitest run --testTimeout 60000 ${path}`
  if (isService(text)) return `npx tricube start ${dirname(path)} --port 0`
  const compiled = path.replace(/ts$/, 'mjs')
  const esbuild = `npx esbuild ${path} --bundle --packages=external --format=esm --target=node20 --outfile=${compiled}`
  return `${esbuild} --log-level=warning && node ${compiled}`
}

function isTest(text: string): boolean {
  return text.includes("from 'vitest'")
}

function isService(text: string): boolean {
  return text.includes('export default service(')
}
