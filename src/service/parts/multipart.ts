import { ConfigError } from '../../config/configError.ts'
import { bodyRuleOf } from '../../contract/body.ts'
import type { Part } from '../part.ts'

/** Loads what reads multipart bodies. A service without its package does not start. */
export const multipart: Part = {
  name: 'multipart',
  async open({ contract }) {
    const isUsed = Object.values(contract.operations).some(({ body }) => body && bodyRuleOf(body).form === 'multipart')
    if (isUsed) await import('@fastify/busboy').catch(missing)
    return {}
  },
}

function missing(cause: unknown): never {
  throw new ConfigError('a multipart body needs a package that is missing: npm install @fastify/busboy', { cause })
}
