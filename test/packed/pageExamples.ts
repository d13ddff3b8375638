/** The examples of a page that run, as its reader pastes them into a folder and starts them. */
import { type Block, blocksOf, nameOf } from '../repository/docBlocks.ts'
import { sceneOf } from '../repository/docModules.ts'

export interface Example {
  readonly page: string
  /** What is pasted, beside what the reader has. */
  readonly files: Readonly<Record<string, string>>
  /** Which of the files runs, and how. */
  readonly path: string
  readonly kind: 'script' | 'service' | 'test'
  /** SQL that creates the tables which the page assumes. */
  readonly setup: string | undefined
}

/** Examples that are run elsewhere, by page or file. */
const elsewhere: Readonly<Record<string, string>> = {
  'README/note-service/contract.ts': 'test/pack.test.ts types the quick start',
  'README/note-service/service.ts': 'test/pack.test.ts types the quick start',
  clients: 'calls a running service: test/client/client.test.ts',
  'configuration/payment-service/service.ts': 'does not start without its settings, as the page says: test/config',
  connections: 'needs a primary and replicas: test/sql/pool',
  discovery: 'needs a Consul and a running service: test/discovery/consul.test.ts',
  issuers: 'does not start without AUTH_ISSUER, as the page says: test/auth',
  kubernetes: 'needs a cluster and a running service: test/discovery/kubernetes.test.ts',
  requests: 'does not start without COOKIE_SECRETS, as the page says: test/http',
  'service/cart-service/service.ts': 'needs a Redis and its client: test/service/resources.test.ts',
  sessions: 'does not start without SESSION_SECRET, as the page says: test/http/plugins.test.ts',
  start: 'does what the command of the page does, which is typed',
  tls: 'needs certificates in /run: test/http/tls.test.ts',
}

/** Returns the first example of TypeScript, and each later file that is a service or a test. */
export function examplesOf(page: string): readonly Example[] {
  const name = nameOf(page)
  const scene = sceneOf(page)
  const blocks = blocksOf(page).filter(({ language }) => language === 'ts')
  const pasted = { ...scene }
  for (const { file, text, language } of blocksOf(page)) {
    if (file !== undefined && (language === 'ts' || language === 'sql')) pasted[file] ??= text
  }
  const runnable = blocks.filter(
    (block, nth) => nth === 0 || (block.file !== undefined && (isService(block) || isTest(block))),
  )
  return runnable.flatMap((block) => {
    const file = block.file ?? fileOf(block)
    if (elsewhere[name] !== undefined || elsewhere[`${name}/${file}`] !== undefined) return []
    const files = Object.entries({ ...pasted, [file]: block.text })
    const folder = `examples-of-pages/${name}`
    return {
      page,
      files: Object.fromEntries(files.map(([path, text]) => [`${folder}/${path}`, text])),
      path: `${folder}/${file}`,
      kind: kindOf(block),
      setup: scene['setup.sql'],
    }
  })
}

function fileOf(block: Block): string {
  return { test: 'service.test.ts', service: 'service.ts', script: 'example.ts' }[kindOf(block)]
}

function kindOf(block: Block): Example['kind'] {
  if (isTest(block)) return 'test'
  return isService(block) ? 'service' : 'script'
}

function isTest({ text }: Block): boolean {
  return text.includes("from 'vitest'") && /^it\(/m.test(text)
}

function isService({ text }: Block): boolean {
  return text.includes('export default service(')
}
