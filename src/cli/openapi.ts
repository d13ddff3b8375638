import { parseArgs } from 'node:util'
import { printableLayout } from '../bytes/printable.ts'
import { openapiDocument } from '../openapi/document.ts'
import { CliError } from './failure.ts'
import { loadService } from './load-service.ts'

/** `tricube openapi <service>`: prints the service's OpenAPI document as JSON; `--public` without internal operations. */
export async function openapiCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { public: { type: 'boolean' } },
  })
  const [path, ...others] = positionals
  if (path === undefined || others.length > 0) throw new CliError('Usage: tricube openapi <service> [--public]', 2)
  const { contract } = (await loadService(path)).definition
  const document = `${printableLayout(JSON.stringify(openapiDocument(contract, { audience: values.public ? 'public' : 'internal' }), null, 2))}\n` // the same JSON
  await new Promise((resolve) => process.stdout.write(document, resolve))
  return 0
}
